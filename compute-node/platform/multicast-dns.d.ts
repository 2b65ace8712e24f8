declare module 'multicast-dns' {
  interface Answer {
    readonly name: string;
    readonly type: string;
    readonly data: unknown;
  }
  interface MulticastDns {
    on(event: 'response', listener: (packet: { readonly answers: readonly Answer[] }) => void): void;
    on(event: 'error' | 'warning', listener: (error: Error) => void): void;
    on(event: 'ready', listener: () => void): void;
    query(name: string, type: string): void;
    destroy(): void;
  }
  export default function multicastDns(): MulticastDns;
}
