export { coerceToNumber, coerceToString, compareValues, isPrimitive, looseEquals, truthy } from './coerce.ts';
export {
  evaluateCondition,
  evaluateTemplate,
  evaluateTemplateToString,
  parseCondition,
} from './evaluate-text.ts';
export { expressionCodes } from './codes.ts';
export type { ExpressionCode } from './codes.ts';
export { evaluate } from './evaluate.ts';
export { checkNames, namesUsed, usesStatus } from './names.ts';
export type { Available, NamesUsed, Reference } from './names.ts';
export { parseExpression } from './parse.ts';
export type { Scope, Status } from './scope.ts';
export { functionNames } from './syntax.ts';
export type { Comparison, Expression, FunctionName } from './syntax.ts';
export { parseParts, parseTemplate, splitTemplate } from './template.ts';
export type { RawPart, TemplatePart } from './template.ts';
export { readJson } from './json.ts';
export { printJson } from './functions.ts';
export { fromJson, ignoringCase, ObjectValue, toJson } from './value.ts';
export type { Json, Value } from './value.ts';
