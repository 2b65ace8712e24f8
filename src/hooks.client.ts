// Runs before the router: a link's secret leaves the address before anything else sees it.
import { captureFragment } from '#lib/app/link-fragment.ts';

captureFragment();
