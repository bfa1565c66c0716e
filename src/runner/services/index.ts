export { JobServices } from './job-services.ts';
