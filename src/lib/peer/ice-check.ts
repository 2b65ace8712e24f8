/** Tries one STUN or TURN server by itself, so that a wrong address or password shows before a connection needs it. */
import { type IceServer, rtcOptionsOf } from './ice-settings.ts';

/** What came of it; `refused`: the user name or password is wrong. */
export type IceCheck = 'works' | 'refused' | 'unreachable';

const patienceMs = 10_000;
/** RFC 8656: the request lacked valid credentials. */
const unauthorized = 401;

export async function checkIceServer(server: IceServer): Promise<IceCheck> {
  const isRelay = server.url.startsWith('turn');
  const { iceServers } = rtcOptionsOf({ servers: [server], relayOnly: isRelay });
  const wanted = isRelay ? 'relay' : 'srflx';
  const pc = new RTCPeerConnection({
    iceServers: [...iceServers],
    iceTransportPolicy: isRelay ? 'relay' : 'all'
  });
  try {
    return await new Promise<IceCheck>((resolve) => {
      let refused = false;
      const end = () => resolve(refused ? 'refused' : 'unreachable');
      setTimeout(end, patienceMs);
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.type === wanted) resolve('works');
        else if (!candidate) end();
      };
      pc.onicecandidateerror = ({ errorCode }) => {
        if (errorCode === unauthorized) refused = true;
      };
      pc.createDataChannel('check');
      pc.createOffer()
        .then((offer) => pc.setLocalDescription(offer))
        .catch(end);
    });
  } finally {
    pc.close();
  }
}
