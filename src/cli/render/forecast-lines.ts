import type { Forecast, MachineForecast, ServiceForecast } from '../../wiring/index.ts';
import { sizeText } from '../../app/index.ts';
import { harmless, paint, type Look } from './text.ts';

/** What a rollout would do, for people: services and why, order, what it needs, who is away. */
export function forecastLines(forecast: Forecast, look: Look): string[] {
  const heading = (text: string) => `    ${paint(look, 'bold', text)}`;
  return [
    heading('services'),
    ...forecast.services.flatMap((service) => serviceLines(service, look)),
    heading('order'),
    ...forecast.steps.map((step, index) => `      ${String(index + 1).padStart(2)}. ${harmless(step)}`),
    ...machineLines(forecast.machines, look),
    ...downtimeLines(forecast, look),
  ];
}

const marks: Record<ServiceForecast['change'], { mark: string; text: string }> = {
  new: { mark: '+', text: 'new' },
  changed: { mark: '~', text: 'changes' },
  same: { mark: '=', text: 'as before' },
  kept: { mark: '!', text: 'kept as it runs' },
  gone: { mark: '-', text: 'gone' },
};

function serviceLines({ name, role, reason, copies, change, notes }: ServiceForecast, look: Look): string[] {
  const { mark, text } = marks[change];
  const count = copies === 1 ? '' : `, ${copies} copies`;
  const why = role === null ? reason : `${role}, because ${reason}`;
  return [
    `      ${mark} ${paint(look, 'bold', harmless(name))}: ${text}${count}`,
    ...[why, ...notes].map((note) => `          ${harmless(note)}`),
  ];
}

const machineMarks: Record<MachineForecast['change'], { mark: string; text: string }> = {
  new: { mark: '+', text: 'new' },
  same: { mark: '=', text: 'as before' },
  gone: { mark: '-', text: 'is left; what runs there ends with the old revision' },
};

/** Where this machine alone is asked, it needs no name. */
function machineLines(machines: MachineForecast[], look: Look): string[] {
  const heading = (text: string) => `    ${paint(look, 'bold', text)}`;
  const [first, ...others] = machines;
  if (first?.name === 'here' && others.length === 0)
    return [heading('needs beside what runs'), ...surgeLines(first).map((line) => `      ${line}`)];
  return [
    heading('machines, and what each needs beside what runs'),
    ...machines.flatMap((machine) => machineForecastLines(machine, look)),
  ];
}

function machineForecastLines(machine: MachineForecast, look: Look): string[] {
  const { name, change, problem, services } = machine;
  const { mark, text } = machineMarks[change];
  const title = (state: string) => `${paint(look, 'bold', harmless(name))}: ${harmless(state)}`;
  if (problem !== null) return [`      ! ${harmless(problem)}`];
  if (change === 'gone') return [`      ${mark} ${title(text)}`];
  return [
    `      ${mark} ${title(`${text}, runs ${services.join(', ')}`)}`,
    ...surgeLines(machine).map((line) => `          ${line}`),
  ];
}

function surgeLines({ surge, free }: MachineForecast): string[] {
  const { memoryBytes, unlimited, diskBytes, unknownImages } = surge;
  const of = (bytes: number | null) => (bytes === null ? [] : [`${sizeText(bytes)} free`]);
  const memory = [
    ...(memoryBytes > 0 || unlimited.length === 0 ? [`${sizeText(memoryBytes)} more by their limits`] : []),
    ...(unlimited.length > 0 ? [`no limit says how much for ${unlimited.join(', ')}`] : []),
    ...of(free.memoryBytes),
  ];
  const disk = [
    ...(diskBytes > 0 || unknownImages.length === 0 ? [`about ${sizeText(diskBytes)} of new images`] : []),
    ...(unknownImages.length > 0 ? [`not known for ${unknownImages.join(', ')}`] : []),
    ...of(free.diskBytes),
  ];
  return [`memory: ${memory.join('; ')}`, `disk: ${disk.join('; ')}`];
}

function downtimeLines({ downtime }: Forecast, look: Look): string[] {
  const requests = downtime.filter((one) => one.of === 'requests');
  const work = downtime.filter((one) => one.of === 'work');
  const heading = (text: string) => `    ${paint(look, 'bold', 'predicted downtime')}: ${text}`;
  const lines = (list: typeof downtime) =>
    list.flatMap(({ service, why, wayOut }) => [
      `      ${service}: ${harmless(why)}`,
      `        = ${harmless(wayOut)}`,
    ]);
  return [
    heading(requests.length === 0 ? 'none' : 'requests fail'),
    ...lines(requests),
    ...(work.length === 0 ? [] : [`    ${paint(look, 'bold', 'work that pauses')}`, ...lines(work)]),
  ];
}
