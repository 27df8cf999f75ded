// Confusions that recur: one entry a pair of classes, its contrast pairs behind a fold.

function recurringList({ columns, rows, total, samples }, { pick, has }) {
  const pairs = records(columns, rows);
  const entry = (pair) =>
    el(
      'li',
      {},
      el(
        'p',
        {},
        el('button', { type: 'button', class: 'link', onclick: () => pick({ issue: 'label', given: pair.given, suggested: pair.suggested }) }, name(pair.given, { class: 'given' }), el('span', { class: 'arrow' }, ' \u2192 '), name(pair.suggested, { class: 'suggested' })),
        el('span', { class: 'quiet' }, ` \u00d7\u202f${count(pair.count)}`),
        el('span', { class: 'chip' }, visible(pair.verdict)),
      ),
      el('p', { class: 'hint', dir: 'auto' }, visible(pair.reason)),
      pair.contrast.length ? contrastFold(pair, samples, has) : null,
    );
  const missing = total - pairs.length;
  return [
    el('ol', { class: 'recurring' }, pairs.map(entry)),
    missing ? el('p', { class: 'hint' }, `${count(missing)} rarer ones are not on this page: report.confusions() lists all.`) : null,
  ];
}

function contrastFold(pair, samples, has) {
  const cell = (at) => {
    const [id, anchor, text] = samples[at];
    const said = text === null ? null : el('div', { dir: 'auto', class: 'words' }, visible(text));
    return el('td', {}, has(anchor) ? el('a', { href: `#${encodeURIComponent(anchor).replace(/%3A/g, ':')}` }, name(id)) : name(id, { class: 'quiet' }), said);
  };
  const head = [
    ['Labeled ', pair.given, ', looks like ', pair.suggested],
    ['Nearest labeled ', pair.suggested],
    ['Nearest labeled ', pair.given],
  ].map((parts) => el('th', { scope: 'col' }, parts.map((part, at) => (at % 2 ? name(part) : part))));
  const title = `Contrast pairs: ${visible(pair.given)} and ${visible(pair.suggested)}`;
  return el(
    'details',
    {},
    el('summary', {}, `${count(pair.contrast.length)} contrast ${pair.contrast.length === 1 ? 'pair' : 'pairs'}`),
    el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
      el('table', { class: 'contrast' }, el('caption', { class: 'unseen' }, title), el('thead', {}, el('tr', {}, head)), el('tbody', {}, pair.contrast.map((triple) => el('tr', {}, triple.map(cell))))),
    ),
  );
}
