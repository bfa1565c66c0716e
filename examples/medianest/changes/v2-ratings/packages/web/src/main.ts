import { mediaKinds } from '@medianest/shared';
import { addMedia, fetchVersion, rateMedia, searchMedia } from './api.ts';
import { find } from './dom.ts';
import { mediaCard } from './media-card.ts';

const search = find('#search', HTMLFormElement);
const dialog = find('#add', HTMLDialogElement);
const addForm = find('#add form', HTMLFormElement);

/** Posters are drawn a moment after an item is added. */
const posterDelayMs = 1500;

async function showItems(): Promise<void> {
  const summary = find('#summary', HTMLElement);
  try {
    const page = await searchMedia(new FormData(search));
    find('#items', HTMLElement).replaceChildren(
      ...page.items.map((item) => mediaCard(item, rateItem)),
    );
    summary.textContent = page.total === 1 ? '1 item' : `${page.total} items`;
    if (page.items.some((item) => item.posterUrl === null)) setTimeout(showItems, posterDelayMs);
  } catch (error) {
    summary.textContent = `Could not load the library: ${String(error)}`;
  }
}

async function rateItem(id: string, stars: number): Promise<void> {
  await rateMedia(id, stars);
  await showItems();
}

async function submitItem(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const errors = await addMedia(new FormData(addForm));
  find('.errors', HTMLElement).textContent = errors
    .map(({ field, message }) => `${field} ${message}`)
    .join('; ');
  if (errors.length > 0) return;
  addForm.reset();
  dialog.close();
  await showItems();
}

for (const select of document.querySelectorAll('select')) {
  for (const kind of mediaKinds) select.add(new Option(kind, kind));
}
search.addEventListener('input', showItems);
search.addEventListener('submit', (event) => event.preventDefault());
find('#open-add', HTMLElement).addEventListener('click', () => dialog.showModal());
find('[value=cancel]', HTMLElement).addEventListener('click', () => dialog.close());
addForm.addEventListener('submit', submitItem);

const { version, revision } = await fetchVersion();
find('#version', HTMLElement).textContent = `MediaNest ${version} · revision ${revision ?? 'dev'}`;
await showItems();
