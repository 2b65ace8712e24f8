/** Words for what fails between people: invitations, roles, joining. */
import { type Describe } from './error-text.ts';

const askForAnother = 'Ask whoever invited you for another link.';

export const peopleTexts: Record<string, Describe> = {
  'already-a-member': () => ({
    what: 'You are a member of this project already.',
    remedy: 'Open it from the home page.'
  }),
  'carried-invalid': () => ({
    what: 'This is no offer or answer, or a part of it is missing.',
    remedy: 'Copy the whole text that you were sent, from “DENDRO1.” to its last character.'
  }),
  'carried-mixed-up': ({ details }) =>
    details?.expected === 'offer'
      ? {
          what: 'This is an answer, and an offer is needed here.',
          remedy: 'Paste it where the offer was made that it answers.'
        }
      : {
          what: 'This is an offer, and an answer is needed here.',
          remedy: 'Send your own offer, and paste what comes back; or answer this offer on the People page.'
        },
  'carried-other': () => ({
    what: 'This belongs to another offer, or to another project.',
    remedy: 'Make a new offer, send it, and paste the answer to it.'
  }),
  'comment-empty': () => ({ what: 'A comment needs a text.', remedy: 'Write something first.' }),
  'comment-not-own': () => ({
    what: 'A comment is changed by who wrote it, and hidden by them or an admin.',
    remedy: 'Answer it with one of your own.'
  }),
  'comment-too-long': () => ({
    what: 'A comment has at most 4000 characters.',
    remedy: 'Shorten it, or put long texts into the notes.'
  }),
  'comment-unknown': () => ({
    what: 'This comment is not in the project.',
    remedy: 'Reload the page to see what is there now.'
  }),
  'invitation-expired': () => ({ what: 'The invitation has expired.', remedy: askForAnother }),
  'invitation-invalid': () => ({
    what: 'This is no invitation link, or a part of it is missing.',
    remedy: 'Copy the whole link that you were sent, up to its last character.'
  }),
  'invitation-malformed': () => ({
    what: 'A member of the project could not read the request to join.',
    remedy: 'Reload the page to get the newest version of the app, and open the link again.'
  }),
  'invitation-revoked': () => ({ what: 'The invitation was taken back.', remedy: askForAnother }),
  'invitation-unknown': () => ({
    what: 'The members who are reachable now have not heard of this invitation yet.',
    remedy: 'Try again when whoever invited you is online, or has been since.'
  }),
  'invitation-used': () => ({
    what: 'The invitation has been used as often as it allows.',
    remedy: askForAnother
  }),
  'join-no-answer': () => ({
    what: 'No member of the project is online now.',
    remedy:
      'Keep the link and try again later: any member can let you in, and so can the project’s compute node.'
  })
};
