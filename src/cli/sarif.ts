import type { Catalogue, Finding, Span } from '../diagnostics/index.ts';
import { expressionCodes } from '../expressions/index.ts';
import { workflowCodes } from '../workflow/index.ts';

const catalogues: Readonly<Record<string, Catalogue>> = {
  workflow: workflowCodes,
  expressions: expressionCodes,
};

/**
 * Findings as a SARIF log, which code scanning and editors read.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifLog(findings: readonly Finding[]): object {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Slipway', rules: codes.map((code) => rule(code)) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => result(finding, codes.indexOf(finding.code))),
      },
    ],
  };
}

function rule(code: string): object {
  const [room = '', name = ''] = code.split('/');
  const entry = catalogues[room]?.[name];
  return {
    id: code,
    ...(entry && { shortDescription: { text: entry.means }, help: { text: entry.todo } }),
  };
}

function result({ code, severity, message, notes, help, at }: Finding, ruleIndex: number): object {
  const lines = [message, ...notes, ...(help === undefined ? [] : [`help: ${help}`])];
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: lines.join('\n') },
    ...(at && { locations: [location(at)] }),
  };
}

function location({ file, start, end }: Span): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(file), uriBaseId: '%SRCROOT%' },
      region: { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column },
    },
  };
}
