import type { Forecast, ServiceForecast } from '../../wiring/index.ts';
import { sizeText } from './size-text.ts';
import { harmless, paint, type Look } from './text.ts';

/** What a rollout would do, for people: services and why, order, what it needs, who is away. */
export function forecastLines(forecast: Forecast, look: Look): string[] {
  const heading = (text: string) => `    ${paint(look, 'bold', text)}`;
  return [
    heading('services'),
    ...forecast.services.flatMap((service) => serviceLines(service, look)),
    heading('order'),
    ...forecast.steps.map((step, index) => `      ${String(index + 1).padStart(2)}. ${harmless(step)}`),
    heading('needs beside what runs'),
    ...surgeLines(forecast.surge),
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

function surgeLines({ memoryBytes, unlimited, diskBytes, unknownImages }: Forecast['surge']): string[] {
  const memory = [
    ...(memoryBytes > 0 || unlimited.length === 0 ? [`${sizeText(memoryBytes)} more by their limits`] : []),
    ...(unlimited.length > 0 ? [`no limit says how much for ${unlimited.join(', ')}`] : []),
  ];
  const disk = [
    ...(diskBytes > 0 || unknownImages.length === 0 ? [`about ${sizeText(diskBytes)} of new images`] : []),
    ...(unknownImages.length > 0 ? [`not known for ${unknownImages.join(', ')}`] : []),
  ];
  return [`      memory: ${memory.join('; ')}`, `      disk: ${disk.join('; ')}`];
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
