import type { ConnectRouter } from '@connectrpc/connect';
import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf';
import {
  file_google_protobuf_struct,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';

/*
 * flagd's protocols, as its .proto files say them. Version 2 of the evaluation differs from version 1 in that a value
 * and its variant may be absent: then the app takes the default that its code names.
 *
 * @see https://github.com/open-feature/flagd-schemas
 */

const struct = '.google.protobuf.Struct';

interface FieldShape {
  name: string;
  type: Type;
  /** Of a message. */
  of?: string;
  /** Told apart from its zero value. */
  optional?: boolean;
  /** One of several, of which only one is there. */
  oneof?: string;
  repeated?: boolean;
}

const text = (name: string, optional = false): FieldShape => ({ name, type: Type.STRING, optional });
const object = (name: string): FieldShape => ({ name, type: Type.MESSAGE, of: struct });

/** A message, as a descriptor of protobuf takes it. Fields are numbered as they stand. */
function message(name: string, fields: readonly FieldShape[]) {
  const groupOf = ({ name, oneof, optional }: FieldShape) => oneof ?? (optional ? `_${name}` : null);
  const groups = [...new Set(fields.map(groupOf).filter((group) => group !== null))];
  return {
    name,
    oneofDecl: groups.map((group) => ({ name: group })),
    field: fields.map((field, index) => {
      const group = groupOf(field);
      return {
        name: field.name,
        number: index + 1,
        type: field.type,
        label: field.repeated ? Label.REPEATED : Label.OPTIONAL,
        jsonName: field.name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        ...(field.of === undefined ? {} : { typeName: field.of }),
        ...(group === null ? {} : { oneofIndex: groups.indexOf(group) }),
        proto3Optional: field.optional ?? false,
      };
    }),
  };
}

type MessageShape = ReturnType<typeof message> & { nestedType?: object[] };

/** How protobuf writes a map from text to messages. */
function entry(name: string, of: string) {
  const fields = [text('key'), { name: 'value', type: Type.MESSAGE, of }];
  return { ...message(name, fields), options: { mapEntry: true } };
}

const kinds = [
  ['Boolean', Type.BOOL],
  ['String', Type.STRING],
  ['Float', Type.DOUBLE],
  ['Int', Type.INT64],
  ['Object', Type.MESSAGE],
] as const;

function evaluationFile(version: 'v1' | 'v2'): FileDescriptorProto {
  const name = `flagd.evaluation.${version}`;
  const optional = version === 'v2';
  const one = (field: string, type: Type): FieldShape => ({ name: field, type, oneof: 'value' });
  const anyFlag = message('AnyFlag', [
    text('reason'),
    text('variant', optional),
    one('bool_value', Type.BOOL),
    one('string_value', Type.STRING),
    one('double_value', Type.DOUBLE),
    { ...one('object_value', Type.MESSAGE), of: struct },
    object('metadata'),
  ]);
  const all = `.${name}.ResolveAllResponse.FlagsEntry`;
  const flags: FieldShape = { name: 'flags', type: Type.MESSAGE, of: all, repeated: true };
  const resolutions = kinds.flatMap(([kind, type]) => [
    message(`Resolve${kind}Request`, [text('flag_key'), object('context')]),
    message(`Resolve${kind}Response`, [
      type === Type.MESSAGE ? object('value') : { name: 'value', type, optional },
      text('reason'),
      text('variant', optional),
      object('metadata'),
    ]),
  ]);
  const calls = ['All', ...kinds.map(([kind]) => kind)].map((kind) => `Resolve${kind}`);
  return protoFile(name, {
    messages: [
      message('ResolveAllRequest', [object('context')]),
      {
        ...message('ResolveAllResponse', [flags, object('metadata')]),
        nestedType: [entry('FlagsEntry', `.${name}.AnyFlag`)],
      },
      anyFlag,
      ...resolutions,
      message('EventStreamRequest', []),
      message('EventStreamResponse', [text('type'), object('data')]),
    ],
    service: 'Service',
    calls,
    streams: ['EventStream'],
  });
}

function syncFile(): FileDescriptorProto {
  const request = [text('provider_id'), text('selector')];
  return protoFile('flagd.sync.v1', {
    messages: [
      message('SyncFlagsRequest', request),
      message('SyncFlagsResponse', [text('flag_configuration'), object('sync_context')]),
      message('FetchAllFlagsRequest', request),
      message('FetchAllFlagsResponse', [text('flag_configuration')]),
    ],
    service: 'FlagSyncService',
    calls: ['FetchAllFlags'],
    streams: ['SyncFlags'],
  });
}

interface FileShape {
  messages: MessageShape[];
  service: string;
  calls: readonly string[];
  streams: readonly string[];
}

function protoFile(name: string, { messages, service, calls, streams }: FileShape): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, {
    name: `${name.replaceAll('.', '/')}.proto`,
    package: name,
    syntax: 'proto3',
    dependency: ['google/protobuf/struct.proto'],
    messageType: messages,
    service: [
      {
        name: service,
        method: [...calls, ...streams].map((call) => ({
          name: call,
          inputType: `.${name}.${call}Request`,
          outputType: `.${name}.${call}Response`,
          serverStreaming: streams.includes(call),
        })),
      },
    ],
  });
}

function serviceOf(file: FileDescriptorProto, name: string): DescService {
  const registry = createFileRegistry(file, () => file_google_protobuf_struct);
  const service = registry.getService(`${file.package}.${name}`);
  if (!service) throw new Error(`${file.package} has no service ${name}`);
  return service;
}

/** A call: a message of its kind's fields comes in and goes out, or a stream of them. */
type Call = (request: unknown, context: { signal: AbortSignal }) => object;

/** Adds a service that is described here; its descriptors say at run time what its calls take and give. */
export function addService(router: ConnectRouter, service: DescService, calls: Record<string, Call>): void {
  router.service(service, calls as never);
}

/** What flagd's clients in other processes call. */
export const services = {
  evaluationV1: serviceOf(evaluationFile('v1'), 'Service'),
  evaluationV2: serviceOf(evaluationFile('v2'), 'Service'),
  sync: serviceOf(syncFile(), 'FlagSyncService'),
} as const;
