/** Words for what can happen to jobs, transfers and the node. */
import { type Describe } from './error-text.ts';

const goesOn = 'Nothing is lost: it goes on by itself from the last verified part when the two meet again.';

export const jobTexts: Record<string, Describe> = {
  'classifier-missing': () => ({
    what: 'This machine has no onnxruntime, so units get no classes.',
    remedy:
      'Install Dendro again with its optional packages (npm ci), on a machine that onnxruntime supports.'
  }),
  'classifier-unfit': ({ message }) => ({
    what: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    remedy: 'Use the model that came with this version, or train one: npm run bench:classifier.'
  }),
  'disk-full': ({ message }) => ({
    what: message,
    remedy: 'Make room on the node’s disk, then retry the job. The recording was not changed.'
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
  'transfer-ended': ({ message }) => ({ what: message, remedy: goesOn }),
  'transfer-incomplete': ({ message }) => ({ what: message, remedy: goesOn }),
  'webgl-missing': () => ({
    what: 'This browser offers no WebGL2, which the trace view needs.',
    remedy: 'Turn on hardware acceleration in the browser’s settings, or use another browser.'
  })
};
