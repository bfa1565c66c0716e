import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Preparation } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { sendImages, type Engine } from '../../docker/index.ts';
import { isBuiltName, pulledMark } from '../../targets/index.ts';
import { Background } from '../background.ts';
import { isSilence, type MachineLink } from './link.ts';
import type { RevisionNeeds } from './model.ts';

interface BringingParts {
  link: Pick<MachineLink, 'name' | 'home' | 'ask' | 'send' | 'say'>;
  /** That has the images of releases: it built or pulled them. */
  engine: Engine;
}

/**
 * Brings images, and files that containers mount, to another machine, each only when it is not there, and of images
 * only the layers that are not. It takes longer than a tick may, so it goes on beside the ticks; a server that dies
 * begins again, with what is still missing.
 */
export class Bringing {
  readonly #link: BringingParts['link'];
  readonly #engine: Engine;
  readonly #work = new Background();

  constructor({ link, engine }: BringingParts) {
    this.#link = link;
    this.#engine = engine;
  }

  /** Begins to bring what is missing; once all is there, has it prepared under this fence. */
  async begin(needs: RevisionNeeds, fence: number): Promise<void> {
    const key = keyOf(needs);
    if (this.#work.look(key)?.state === 'going') return;
    const missing = await this.#missing(needs);
    const isBrought = this.#work.look(key)?.state === 'done';
    this.#work.forget(key);
    // What is still missing once everything was sent, the other side pulls by its digest, or says that it cannot.
    if (isBrought || (missing.images.length === 0 && !missing.files))
      await this.#link.ask(needs.scope, { do: 'prepare', needs, fence });
    else this.#work.ensure(key, () => this.#bring(needs, missing));
  }

  async look(needs: RevisionNeeds): Promise<Preparation> {
    const key = keyOf(needs);
    const work = this.#work.look(key);
    if (work?.state === 'going') return 'going';
    if (work?.state === 'failed') {
      if (!isSilence(work.error)) return told(work.error);
      // It begins again with what is still missing when the machine is heard again.
      this.#work.forget(key);
    }
    return this.#link.ask<Preparation>(needs.scope, { do: 'look-at-prepared', needs });
  }

  async #missing({ scope, release, files, images }: RevisionNeeds): Promise<Missing> {
    const ids = images.map(({ id }) => id);
    const hasFiles = files === null || (await this.#link.ask<boolean>(scope, { do: 'has-files', release }));
    return {
      files: !hasFiles,
      images: await this.#link.ask<string[]>('', { do: 'missing-images', ids }),
    };
  }

  async #bring({ scope, release, files }: RevisionNeeds, missing: Missing): Promise<void> {
    if (missing.files && files !== null)
      await this.#link.send('/machine/files', { scope, release }, () => Promise.resolve(tarOf(files)));
    const { images } = this.#engine;
    const found = await Promise.all(missing.images.map((id) => images.inspect(id)));
    const present = found.filter((image) => image !== null);
    if (present.length === 0) return;
    const names = present.flatMap((one) => this.#namesOf(one).map((name) => `${one.Id} ${name}`));
    const link = this.#link;
    await sendImages({
      from: images,
      ids: present.map(({ Id }) => Id),
      to: {
        name: link.name,
        layersThere: (layers) => link.ask<number[]>('', { do: 'layers-there', images: layers }),
        // It names each image then, so one that has not come is told.
        load: (open) => link.send('/machine/images', { names: names.join(',') }, open),
      },
      say: (line) => link.say(line),
    });
  }

  /** What was not built here gets the mark of what this home pulled: without a name nothing would ever collect it there. */
  #namesOf({ Id, RepoTags }: { Id: string; RepoTags: string[] | null }): string[] {
    const built = (RepoTags ?? []).filter(isBuiltName);
    return built.length > 0 ? built : [pulledMark(this.#link.home, Id, Id)];
  }
}

/** What a machine does not have yet. */
interface Missing {
  files: boolean;
  images: string[];
}

function keyOf({ scope, revision }: RevisionNeeds): string {
  return `${scope} ${revision}`;
}

function told(error: unknown): Preparation {
  const notes = error instanceof CodedError ? error.notes : [];
  return { failed: error instanceof Error ? error.message : String(error), logTail: [...notes] };
}

function tarOf(folder: string): Readable {
  const tar = spawn('tar', ['-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'ignore'] });
  tar.on('error', (error) => tar.stdout.destroy(error));
  tar.on('exit', (code) => {
    if (code !== 0) tar.stdout.destroy(new Error(`tar ended with ${code}`));
  });
  tar.stdout.on('close', () => tar.kill());
  return tar.stdout;
}
