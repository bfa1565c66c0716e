import type { App, ReleaseRules } from '../app/index.ts';
import { didYouMean } from '../diagnostics/index.ts';
import type { Finding } from '../diagnostics/index.ts';

/** Artifacts that are taken without being named, the first that exists. */
const usualArtifacts = ['release', 'dist', 'build'];

/** What decides which parts a release has. */
export interface ReleaseFacts {
  rules: ReleaseRules;
  /** An app of containers brings its dependencies in its images. */
  kind: App['kind'];
  /** Names of the artifacts that the run uploads. */
  artifactNames: string[];
  /** Texts of the files at the root; null when there is none. */
  packageJson: string | null;
  packageLock: string | null;
  /** Whether node_modules comes with the commit or the artifact. */
  hasNodeModules: boolean;
}

/** Which parts a release will have; `lines` say so and why, for people. */
export interface ReleasePlan {
  artifact: string | null;
  install: boolean;
  lines: string[];
  findings: Finding[];
}

/** Plans the parts of a release. Pure: `slipway plan` prints it, `makeRelease` does it. */
export function planRelease(facts: ReleaseFacts): ReleasePlan {
  const artifact = planArtifact(facts.rules, facts.artifactNames);
  const install = planInstall(facts);
  return {
    artifact: artifact.name,
    install: install.install,
    lines: ['files of the commit', artifact.line, install.line],
    findings: [...artifact.findings, ...install.findings],
  };
}

/** Which artifact is laid over the commit's files. */
export function planArtifact(
  rules: ReleaseRules,
  names: string[],
): { name: string | null; line: string; findings: Finding[] } {
  const wanted = rules.artifact;
  if (wanted !== null && names.includes(wanted)) {
    return { name: wanted, line: `artifact "${wanted}" over them, as slipway.yml says`, findings: [] };
  }
  if (wanted !== null) {
    return {
      name: null,
      line: `no artifact: "${wanted}" is missing`,
      findings: [missingArtifact(wanted, names)],
    };
  }
  const usual = usualArtifacts.find((name) => names.includes(name));
  const rule = usualArtifacts.map((name) => `"${name}"`).join(', ');
  if (usual !== undefined) {
    return {
      name: usual,
      line: `artifact "${usual}" over them, the first that exists of ${rule}`,
      findings: [],
    };
  }
  return { name: null, line: `no artifact: the pipeline uploads none named ${rule}`, findings: [] };
}

/** Whether production dependencies are installed. */
export function planInstall(facts: Omit<ReleaseFacts, 'artifactNames'>): {
  install: boolean;
  line: string;
  findings: Finding[];
} {
  const { rules, kind, packageLock, hasNodeModules } = facts;
  const none = (line: string, findings: Finding[] = []) => ({ install: false, line, findings });
  const npm = 'production dependencies by "npm ci --omit=dev"';
  if (rules.install === false) return none('no dependencies installed, as slipway.yml says');
  if (rules.install === true) {
    if (packageLock === null) return none('no dependencies: there is no package-lock.json', [noLock(true)]);
    return { install: true, line: `${npm}, as slipway.yml says`, findings: [] };
  }
  if (kind === 'compose') return none('no dependencies installed: its images bring them');
  if (hasNodeModules) return none('no dependencies installed: node_modules is there already');
  if (packageLock === null) {
    if (!hasDependencies(facts.packageJson)) return none('no dependencies installed: package.json has none');
    return none('no dependencies: there is no package-lock.json', [noLock(false)]);
  }
  if (!locksProduction(packageLock))
    return none('no dependencies installed: package-lock.json has none for production');
  return {
    install: true,
    line: `${npm}, because package-lock.json has some and node_modules is not there`,
    findings: [],
  };
}

function hasDependencies(packageJson: string | null): boolean {
  const { dependencies } = parseJson(packageJson) as { dependencies?: unknown };
  return isRecord(dependencies) && Object.keys(dependencies).length > 0;
}

/** Workspaces count too: their links in node_modules are what the app imports. */
function locksProduction(packageLock: string): boolean {
  const { packages, dependencies } = parseJson(packageLock) as { packages?: unknown; dependencies?: unknown };
  if (isRecord(packages)) {
    return Object.entries(packages).some(([path, entry]) => path.includes('node_modules/') && !isDev(entry));
  }
  return isRecord(dependencies) && Object.values(dependencies).some((entry) => !isDev(entry));
}

function isDev(entry: unknown): boolean {
  return isRecord(entry) && entry['dev'] === true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parseJson(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function missingArtifact(wanted: string, names: string[]): Finding {
  const near = didYouMean(wanted, names);
  return {
    code: 'release/no-artifact',
    severity: 'error',
    message: `release.artifact names "${wanted}", which the pipeline does not upload`,
    notes: [`uploaded: ${names.map((name) => `"${name}"`).join(', ') || 'nothing'}`],
    help:
      near === undefined
        ? 'upload it with actions/upload-artifact, or name another'
        : `did you mean "${near}"?`,
  };
}

function noLock(asked: boolean): Finding {
  return {
    code: 'release/no-lockfile',
    severity: 'error',
    message: asked
      ? 'release.install is true, but there is no package-lock.json at the root'
      : 'package.json has dependencies, but there is no package-lock.json to install them from',
    notes: ['a release installs exactly what the lock file says; this version knows npm alone'],
    help: 'commit one, made by "npm install --package-lock-only"; or upload an artifact that needs none and set "release: { install: false }"',
  };
}
