import { escapeHtml } from './escape.ts';

/** What a page of Slipway's own is made of. */
interface PageParts {
  /** Text. */
  title: string;
  /** HTML. */
  body: string;
  /** CSS beside what all pages have. */
  style?: string;
  /** Class of the body; none if not said. */
  look?: string;
}

/** One page that needs nothing else: no script, no other file, nothing from elsewhere. */
export function htmlPage({ title, body, style = '', look }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}${style}</style>
</head>
<body${look === undefined ? '' : ` class="${look}"`}>
${body}
</body>
</html>
`;
}

/** Light and dark. */
const pageStyle = `
:root { color-scheme: light dark; --good: light-dark(#14723a, #5fd08a); --bad: light-dark(#b3261e, #ff8a80);
  --dim: light-dark(#5b6470, #9aa4b2); --line: light-dark(#d7dce2, #363d47); --share: light-dark(#2457c5, #7fa8ff); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; line-height: 1.3; border-left: 5px solid var(--dim); padding-left: .7rem; }
.succeeded h1 { border-color: var(--good); } .failed h1, .aborted h1 { border-color: var(--bad); }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; } td { padding: .12rem 1rem .12rem 0; vertical-align: top; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th { text-align: left; font-weight: 500; color: var(--dim); padding: .12rem 1rem .12rem 0; vertical-align: top; } th small { display: block; }
.moments td:nth-child(-n+2), .requests td:first-child { color: var(--dim); white-space: nowrap; }
.moments .good td:last-child, td.good { color: var(--good); } .moments .bad td:last-child, td.bad { color: var(--bad); }
td.good, td.bad { white-space: nowrap; }
.moments ul { margin: .1rem 0 .4rem; padding-left: 1.1rem; color: CanvasText; font-size: 14px; }
.requests :is(td, th) { white-space: nowrap; } .wide { overflow-x: auto; }
.bars { width: 100%; } .bars tbody + tbody tr:first-child > * { padding-top: .7rem; } .bars td { white-space: nowrap; } .bars th { white-space: nowrap; color: inherit; }
.bars td:nth-last-child(3) { width: 100%; vertical-align: middle; } .bars td:nth-last-child(-n+2) { text-align: right; } .bars td:last-child { color: var(--dim); padding-right: 0; }
.bars i { display: block; height: .7rem; min-width: 2px; border-radius: 0 3px 3px 0; background: var(--share); } .bars i.old { background: var(--dim); } .bars i.bad { background: var(--bad); }
pre { overflow-x: auto; padding: .7rem; border: 1px solid var(--line); border-radius: 6px; font-size: 13px; }
small { color: var(--dim); }
@media (max-width: 34rem) { .moments td:nth-child(2) { display: none; } }
svg { display: block; width: 100%; min-width: 36rem; height: auto; margin-top: 1rem; } svg text { font-size: 11px; fill: var(--dim); }
svg .grid { stroke: var(--line); } svg .share { fill: none; stroke: var(--share); stroke-width: 2.5; }
svg line.bad { stroke: var(--bad); stroke-dasharray: 4 3; } svg line.good { stroke: var(--good); stroke-dasharray: 1 5; }
svg circle { fill: Canvas; stroke: var(--share); stroke-width: 2.5; } svg circle.bad { fill: var(--bad); stroke: var(--bad); } svg circle.good { fill: var(--good); stroke: var(--good); }
svg text.bad { fill: var(--bad); } svg text.good { fill: var(--good); }
`;
