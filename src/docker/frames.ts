const headerBytes = 8;

/**
 * Takes apart what the engine sends of a container without terminal: frames of 8 bytes header (stream, length) and
 * text. With a terminal it sends plain text, which is passed on as it is.
 *
 * @see Engine API, "Attach to a container", Stream format
 */
export async function* readFrames(stream: AsyncIterable<Buffer>, terminal: boolean): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (terminal) {
      yield chunk;
      continue;
    }
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield rest.subarray(headerBytes, end);
      rest = rest.subarray(end);
    }
  }
}
