/** The look of what a tooltip says, wherever one hangs. */
export const tooltipLook =
  'z-50 max-w-72 rounded-control border border-line bg-surface px-3 py-2 text-12 shadow-overlay';
