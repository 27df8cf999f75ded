// Confusions that recur: one entry a pair of classes, examples with their nearest samples behind a fold.

const SHOWN_PAIRS = 8;

function recurringList({ columns, rows, total, samples }, { pick, has }) {
  const pairs = records(columns, rows);
  const entry = (pair) =>
    el(
      'li',
      {},
      el('button', { type: 'button', class: 'link', onclick: () => pick({ issue: 'label', given: pair.given, suggested: pair.suggested }) }, pairOf(pair.given, pair.suggested)),
      el('span', { class: 'figures' }, pair.of ? `${count(pair.count)} of ${count(pair.of)}` : count(pair.count), el('span', { class: 'quiet' }, pair.back ? `, ${count(pair.back)} the other way` : ', none the other way')),
      el('span', { class: 'chip' }, visible(pair.words)),
      pair.contrast.length ? examplesFold(pair, samples, has) : null,
    );
  const list = el('ol', { class: 'recurring' }, pairs.slice(0, SHOWN_PAIRS).map(entry));
  const missing = total - pairs.length;
  const rest = missing ? el('p', { class: 'hint', hidden: pairs.length > SHOWN_PAIRS }, `${count(missing)} rarer ones are not on this page: report.confusions() lists all.`) : null;
  const more = el('button', { type: 'button', class: 'link more' }, `Show all ${count(pairs.length)}`);
  more.addEventListener('click', () => {
    list.append(...pairs.slice(SHOWN_PAIRS).map(entry));
    more.remove();
    if (rest) rest.hidden = false;
  });
  return [list, pairs.length > SHOWN_PAIRS ? more : null, rest];
}

function examplesFold(pair, samples, has) {
  const heads = [
    ['Labeled ', pair.given, ', looks like ', pair.suggested],
    ['Nearest labeled ', pair.suggested],
    ['Nearest labeled ', pair.given],
  ];
  const cell = (place, column) => {
    const [id, anchor, text] = samples[place];
    const words = text === null ? null : el('div', { dir: 'auto', class: 'words' }, visible(text));
    return el('td', { role: 'cell', 'data-title': visible(heads[column].join('')) }, has(anchor) ? el('a', { href: addressOf(anchor) }, name(id)) : name(id, { class: 'quiet' }), words);
  };
  const head = heads.map((parts) => el('th', { scope: 'col', role: 'columnheader' }, parts.map((part, place) => (place % 2 ? name(part) : part))));
  const title = `Examples: ${visible(pair.given)} and ${visible(pair.suggested)}`;
  const body = pair.contrast.map((triple) => el('tr', { role: 'row' }, triple.map(cell)));
  return el(
    'details',
    {},
    el('summary', {}, `${count(pair.contrast.length)} ${pair.contrast.length === 1 ? 'example' : 'examples'}`),
    el('table', { class: 'contrast stacked', role: 'table', 'aria-label': title }, el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, head)), el('tbody', { role: 'rowgroup' }, body)),
  );
}
