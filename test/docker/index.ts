export { dockerInstall, lacksDocker, startDockerd, type Dockerd } from './dockerd.ts';
export { loadImages, type BaseImage } from './images.ts';
export { sharedDockerd } from './shared.ts';
