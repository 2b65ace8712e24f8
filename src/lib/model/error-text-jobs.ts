/** Words for what can happen to jobs, transfers and the node. */
import { type Describe } from './error-text.ts';

const goesOn = 'Nothing is lost: it goes on by itself from the last verified part when the two meet again.';

export const jobTexts: Record<string, Describe> = {
  'connection-lost': () => ({ what: 'The connection to the node was lost.', remedy: goesOn }),
  'disk-full': ({ message }) => ({
    what: message,
    remedy: 'Make room on the node’s disk, then retry the job. The recording was not changed.'
  }),
  'file-not-here': () => ({
    what: 'Nobody who is connected has this file’s bytes.',
    remedy: 'Open the project on the device that holds the recording, and reconnect the file there.'
  }),
  'input-deleted': ({ message }) => ({
    what: message,
    remedy: 'Add the recording again and submit a new job.'
  }),
  'job-crashed': ({ message }) => ({
    what: message,
    remedy: 'Read the last lines of the console, then retry, or change the parameters and retry.'
  }),
  'job-invalid': ({ message }) => ({ what: message, remedy: 'Submit the job again from the recording.' }),
  'job-out-of-memory': ({ message }) => ({
    what: message,
    remedy: 'Retry on a node with more memory, or with fewer workers.'
  }),
  'job-timeout': ({ message }) => ({
    what: message,
    remedy: 'Retry with more time among the required resources.'
  }),
  'parameter-invalid': ({ message }) => ({ what: message, remedy: 'Change the parameter and retry.' }),
  'path-refused': ({ message }) => ({
    what: message,
    remedy: 'A node opens only files below the folders that it was started with (--share DIR).'
  }),
  'processor-unknown': ({ message }) => ({
    what: message,
    remedy: 'Choose another node, or what this one can run.'
  }),
  'processor-version': ({ message }) => ({
    what: message,
    remedy: 'Submit the job again: the form takes the node’s version.'
  }),
  'project-refused': ({ message }) => ({
    what: message,
    remedy: 'Ask the node’s owner, or pair with the node yourself.'
  }),
  'transfer-ended': ({ message }) => ({ what: message, remedy: goesOn }),
  'transfer-incomplete': ({ message }) => ({ what: message, remedy: goesOn }),
  'webgl-missing': () => ({
    what: 'This browser offers no WebGL2, which the trace view needs.',
    remedy: 'Turn on hardware acceleration in the browser’s settings, or use another browser.'
  }),
  'worker-failed': ({ message }) => ({
    what: message,
    remedy: 'Try again; if memory is short, close other tabs or sort a shorter part.'
  })
};
