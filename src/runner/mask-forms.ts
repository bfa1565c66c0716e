/** Shortest derived form that is masked; shorter ones would blot out innocent text. */
const shortestDerived = 4;

/** A line of one character, such as a lone brace, gives nothing away. */
const shortestLine = 2;

/** Shortest half of a value at an `&` that counts; what PowerShell prints when it takes a secret for a command. */
const shortestHalf = 6;

/**
 * Every text that gives a secret away: the value, each of its lines, and the encodings in which they commonly travel.
 *
 * @returns Nothing for a value of white space only, which would blot out everything.
 * @see https://github.com/actions/runner src/Sdk/DTLogging/Logging/ValueEncoders.cs, src/Runner.Worker/Worker.cs
 */
export function maskForms(value: string): Set<string> {
  const forms = new Set<string>();
  if (value.trim() === '') return forms;
  const add = (text: string) => {
    for (const form of [text, ...encodings(text)]) {
      if (form.length >= shortestDerived && form.trim() !== '') forms.add(form);
    }
  };
  forms.add(value);
  add(value);
  forms.add(value.trim());
  add(value.trim());
  add(unquoted(value));
  for (const line of value.split(/\r\n|\r|\n/).map((text) => text.trim())) {
    if (line.length >= shortestLine) forms.add(line);
    add(line);
  }
  return forms;
}

function encodings(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replaceAll(/[\u007f-\uffff]/g, unicodeEscape);
  return [
    ...base64Forms(value),
    json,
    ascii,
    json.replaceAll('/', String.raw`\/`),
    JSON.stringify(json).slice(1, -1),
    ...uriForms(value),
    ...markupForms(value),
    ...shellForms(value),
    ...halves(value),
    value.replaceAll("'", "''"),
    Buffer.from(value).toString('hex'),
    ...commandForms(value),
  ];
}

function unicodeEscape(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Base64 of the value wherever it starts within a longer text: three shifts, of which only whole groups are certain. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((shift) => {
    const rest = bytes.subarray(shift);
    return rest.subarray(0, rest.length - (rest.length % 3)).toString('base64');
  });
  const certain = shifted.filter((form) => form.length >= 8);
  const ends = [0, 1, 2].map((shift) => bytes.subarray(shift).toString('base64').replace(/=+$/, ''));
  const all = [...certain, ...ends.filter((form) => form.length >= 6), bytes.toString('base64')];
  return [...all, ...all.map(urlSafe)];
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

/** Half of a surrogate pair, which may stand in a secret, has no URI form. */
function uriForms(value: string): string[] {
  const whole = value.toWellFormed();
  const strict = encodeURIComponent(whole).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const forms = [
    strict,
    encodeURIComponent(whole),
    encodeURI(whole),
    new URLSearchParams({ v: whole }).toString().slice(2),
  ];
  return [
    ...forms,
    ...forms.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())),
  ];
}

function markupForms(value: string): string[] {
  const plain = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = plain.replaceAll('"', '&quot;');
  return [
    plain,
    quoted,
    ...['&apos;', '&#39;', '&#x27;', '&#039;'].map((quote) => quoted.replaceAll("'", quote)),
    plain.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  ];
}

/** Quoted by a shell, escaped for a command line, or without the quotes that a shell would strip. */
function shellForms(value: string): string[] {
  return [
    value.replaceAll("'", String.raw`'\''`),
    value.replaceAll("'", `'"'"'`),
    value.replaceAll("'", String.raw`\'`),
    value.replaceAll('"', String.raw`\"`),
    value.replaceAll(/["$`\\]/g, String.raw`\$&`),
    value.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`),
    value.replaceAll(/[^\w@%+=:./\-\u0080-\uffff]/g, String.raw`\$&`),
    value.replaceAll(/[^\w@%+=:,./\-\u0080-\uffff]/g, String.raw`\$&`),
    unquoted(value),
  ];
}

function unquoted(value: string): string {
  return value.replace(/^(["'`])(.+)\1$/s, '$2');
}

/** What stands before and after an `&`, by which PowerShell cuts. */
function halves(value: string): string[] {
  const colored = value.indexOf('&+');
  const cut = colored === -1 ? value.lastIndexOf('&') + 1 : colored + 2;
  if (cut === 0) return [];
  // PowerShell prints the letter behind `&+` in another colour.
  return [value.slice(0, cut), value.slice(colored === -1 ? cut : cut + 1)].filter(
    (half) => half.length >= shortestHalf,
  );
}

/** As the data and as a property of a workflow command, which is shown as it was printed. */
function commandForms(value: string): string[] {
  const data = value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return [data, data.replaceAll(':', '%3A').replaceAll(',', '%2C')];
}
