// Given against suggested label as a heat map of as many classes as fit the page, those of the most common pairs.

const NARROW = 560; // pixels
const FEWEST_CELLS = 3; // the mix-ups show fewer as well

function matrixFigure(matrix, pick) {
  return el(
    'figure',
    {},
    el('h3', {}, 'Given against suggested'),
    fitted((width) => heatMap(matrix, width, pick)),
  );
}

function heatMap({ labels, cells, total, outside }, width, pick) {
  const [names, side] = width < NARROW ? [130, 27] : [230, 32.5];
  const room = Math.max(Math.floor((width - names) / side), 2);
  const chosen = new Set();
  for (const [given, suggested] of cells) if (new Set([...chosen, given, suggested]).size <= room) chosen.add(given).add(suggested);
  const shown = [...chosen].sort((a, b) => a - b);
  const within = cells.filter(([given, suggested]) => chosen.has(given) && chosen.has(suggested));
  const counts = new Map(within.map(([given, suggested, value]) => [`${given},${suggested}`, value]));
  const highest = Math.max(...within.map((cell) => cell[2]), 1);

  const cell = (given, suggested) => {
    const value = counts.get(`${given},${suggested}`);
    if (!value) return el('td', { class: given === suggested ? 'same' : null });
    const heat = highest > 1 ? (value - 1) / (highest - 1) : 0.3;
    const title = `${count(value)} labeled ${visible(labels[given])}, suggested ${visible(labels[suggested])}`;
    const show = () => pick({ issue: 'label', given: labels[given], suggested: labels[suggested] });
    const button = el('button', { type: 'button', title, 'aria-label': title, onclick: show }, value > 999 ? compact.format(value) : count(value));
    const box = el('td', { class: `heat${heat > 0.57 ? ' warm' : ''}${heat > 0.75 ? ' hot' : ''}` }, button);
    box.style.setProperty('--heat', `${Math.round(100 * heat)}%`);
    return box;
  };
  const label = (index) => el('span', { class: 'axis-name', title: visible(labels[index]) }, name(labels[index]));
  const head = shown.map((index) => el('th', { scope: 'col' }, el('div', { class: 'turned' }, label(index))));
  const rows = shown.map((given) => el('tr', {}, el('th', { scope: 'row' }, label(given)), shown.map((suggested) => cell(given, suggested))));
  const missing = outside + sum(cells.map((each) => each[2])) - sum(within.map((each) => each[2]));
  const part = total > shown.length ? `${shown.length} of ${count(total)} classes, those of the most common pairs; ${count(missing)} flagged samples lie outside.` : '';
  const caption = 'Given label (rows) against suggested label (columns): number of flagged samples';
  return [
    el('p', { class: 'hint' }, `Rows: the given label. Columns: the suggestion. Each number opens its samples. ${part}`),
    el(
      'table',
      { class: `matrix${width < NARROW ? ' narrow' : ''}` },
      el('caption', { class: 'unseen' }, caption),
      el('thead', {}, el('tr', {}, el('td', { class: 'corner' }), head)),
      el('tbody', {}, rows),
    ),
    highest > 1 ? el('p', { class: 'scale', 'aria-hidden': 'true' }, '1', el('span', { class: 'ramp' }), count(highest)) : null,
  ].filter(Boolean);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact' });
