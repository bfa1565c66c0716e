import { unreachable } from '../../diagnostics/index.ts';
import { instancesText } from './graph-text.ts';
import type { GraphJob, WorkflowGraph } from './workflow-graph.ts';

/** A node, an edge or a frame of a chart, in the order in which charts want them. */
type Piece =
  | { kind: 'open'; id: string; label: string }
  | { kind: 'node'; id: string; label: string }
  | { kind: 'edge'; from: string; to: string; dashed: boolean }
  | { kind: 'close' };

/** A Mermaid flowchart, as GitHub shows it in Markdown. */
export function graphMermaid(graphs: readonly WorkflowGraph[]): string[] {
  return ['flowchart LR', ...indented(piecesOf(graphs), mermaidLine)];
}

/** A chart for Graphviz. */
export function graphDot(graphs: readonly WorkflowGraph[]): string[] {
  const head = ['digraph workflows {', '  rankdir=LR;', '  node [shape=box];'];
  return [...head, ...indented(piecesOf(graphs), dotLine), '}'];
}

function mermaidLine(piece: Piece): string {
  switch (piece.kind) {
    case 'open':
      return `subgraph ${piece.id}["${mermaidText(piece.label)}"]`;
    case 'node':
      return `${piece.id}["${mermaidText(piece.label)}"]`;
    case 'edge':
      return `${piece.from} ${piece.dashed ? '-.->' : '-->'} ${piece.to}`;
    case 'close':
      return 'end';
    default:
      return unreachable(piece);
  }
}

function dotLine(piece: Piece): string {
  switch (piece.kind) {
    case 'open':
      return `subgraph cluster_${piece.id} { label=${dotText(piece.label)};`;
    case 'node':
      return `${piece.id} [label=${dotText(piece.label)}];`;
    case 'edge':
      return `${piece.from} -> ${piece.to}${piece.dashed ? ' [style=dashed]' : ''};`;
    case 'close':
      return '}';
    default:
      return unreachable(piece);
  }
}

const mermaidText = (text: string) =>
  text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('\n', '<br/>');
const dotText = (text: string) =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

function indented(pieces: readonly Piece[], lineOf: (piece: Piece) => string): string[] {
  let depth = 1;
  return pieces.map((piece) => {
    if (piece.kind === 'close') depth--;
    const line = '  '.repeat(depth) + lineOf(piece);
    if (piece.kind === 'open') depth++;
    return line;
  });
}

function piecesOf(graphs: readonly WorkflowGraph[]): Piece[] {
  let count = 0;
  const nextId = () => `n${++count}`;
  return graphs.flatMap((graph) => frame(graph, titleOf(graph), nextId).pieces);
}

const titleOf = ({ name, file }: WorkflowGraph) => (name === file ? file : `${name} (${file})`);

function frame(
  graph: WorkflowGraph,
  title: string,
  nextId: () => string,
): { pieces: Piece[]; roots: string[] } {
  const ids = new Map(graph.jobs.map((job) => [job.id, nextId()]));
  const idOf = (job: string) => ids.get(job) ?? '';
  const edges = graph.jobs.flatMap((job) =>
    job.needs.map((need) => ({ kind: 'edge', from: idOf(need), to: idOf(job.id), dashed: false }) as const),
  );
  const pieces: Piece[] = [
    { kind: 'open', id: nextId(), label: title },
    ...graph.jobs.map((job) => ({ kind: 'node', id: idOf(job.id), label: nodeText(job) }) as const),
    ...edges,
    { kind: 'close' },
    ...graph.jobs.flatMap((job) => calledPieces(job, idOf(job.id), nextId)),
  ];
  return { pieces, roots: graph.jobs.filter(({ needs }) => needs.length === 0).map(({ id }) => idOf(id)) };
}

function calledPieces({ calls }: GraphJob, caller: string, nextId: () => string): Piece[] {
  if (!calls?.graph) return [];
  const { pieces, roots } = frame(calls.graph, calls.uses, nextId);
  return [...pieces, ...roots.map((to) => ({ kind: 'edge', from: caller, to, dashed: true }) as const)];
}

function nodeText(job: GraphJob): string {
  const lines = [
    job.id + instancesText(job),
    job.environment === null ? '' : `→ ${job.environment}`,
    job.calls === null ? '' : `calls ${job.calls.uses}`,
    job.condition === null ? '' : `if ${job.condition}`,
  ];
  return lines.filter((line) => line !== '').join('\n');
}
