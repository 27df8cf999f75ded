// The overview's figures: cards, label quality, mix-ups. `pick` sends the reader to the samples.

function issueCards(overview, pick) {
  const present = overview.issues.filter(([, , , , flagged]) => flagged);
  const absent = overview.issues.filter(([, , , , flagged]) => !flagged).map(([, title]) => title.toLowerCase());
  const cards = present.map(([issue, title, , meaning, flagged, of, rate]) =>
    el(
      'button',
      { class: `card${issue === 'label' ? ' suspect' : ''}`, type: 'button', onclick: () => pick({ issue }) },
      el('span', { class: 'title' }, title),
      el('span', { class: 'figure' }, count(flagged)),
      el('span', { class: 'rate' }, rate ? `${rate} of ${count(of)}` : `of ${count(of)}`),
      el('span', { class: 'meaning' }, meaning),
    ),
  );
  const grid = el('div', { class: 'grid' }, cards);
  grid.style.setProperty('--columns', String(cards.length > 6 ? Math.ceil(cards.length / 2) : Math.max(cards.length, 4)));
  return [cards.length ? grid : null, absent.length ? el('p', { class: 'hint' }, `Also looked for, and not found: ${absent.join(', ')}.`) : null];
}

// What is drawn to fit its place, and anew when that gets another width.
function fitted(draw) {
  const place = el('div', { class: 'fitted' });
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (!width || width === drawn) return;
    drawn = width;
    place.replaceChildren(...draw(width));
  }).observe(place);
  return place;
}

// Where few labels are flagged, bars of all the others would leave theirs no height: up to three bars may be cut.
function tallestShown({ counts, flagged }) {
  const sizes = counts.slice().sort((a, b) => b - a);
  const enough = Math.max(3 * Math.max(...flagged), sizes[3] || 0);
  return Math.max(...flagged) && sizes[0] > 1.5 * enough ? enough : Math.max(sizes[0], 1);
}

// Stacked bars over the label scores: the flagged ones below, in the colour of suspicion.
function qualityBars({ counts, flagged }, space) {
  const width = Math.min(space, 560);
  const tallest = tallestShown({ counts, flagged });
  const step = niceStep(tallest / 4);
  const ceiling = Math.ceil(tallest / step) * step;
  const [height, left, bottom, top] = [210, 14 + 7.5 * count(ceiling).length, 26, 10];
  const base = height - bottom;
  const scale = (value) => (Math.min(value, ceiling) / ceiling) * (base - top);
  const across = (width - left) / counts.length;
  const lines = [];
  for (let tick = 0; tick <= ceiling; tick += step) {
    const y = base - scale(tick);
    lines.push(
      svg('line', { x1: left, x2: width, y1: y, y2: y, class: tick ? 'grid' : 'axis' }),
      svg('text', { x: left - 8, y: y + 4, class: 'tick end' }, count(tick)),
    );
  }
  const bars = counts.map((total, bin) => {
    const x = left + bin * across + 1;
    const tall = (value) => (value ? Math.max(scale(value), 2) : 0);
    const bar = (value, kind) => svg('rect', { x, y: base - tall(value), width: across - 2, height: tall(value), class: `bar ${kind}` });
    const range = `${(bin / counts.length).toFixed(2)} to ${((bin + 1) / counts.length).toFixed(2)}`;
    const middle = x + across / 2 - 1;
    const cut = total > ceiling && [
      svg('path', { class: 'cut', d: `M${x - 2} ${top + 16}l${across + 2} -6v5l${-across - 2} 6z` }),
      svg('text', { class: 'tick inside', x: top + 28, y: -middle + 4, transform: 'rotate(90)' }, count(total)),
    ];
    return svg(
      'g',
      {},
      svg('title', {}, `Score ${range}: ${count(total)} labels, ${count(flagged[bin])} flagged`),
      svg('rect', { x, y: top, width: across - 2, height: base - top, class: 'hit' }),
      bar(total, 'good'),
      bar(flagged[bin], 'bad'),
      cut || null,
    );
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    svg('text', { x: left + share * (width - left), y: height - 8, class: `tick ${share === 0 ? '' : share === 1 ? 'end' : 'mid'}` }, String(share)),
  );
  const all = sum(counts);
  const title = `How label scores are spread: ${count(sum(flagged))} of ${count(all)} labels are flagged.`;
  const cut = counts.some((total) => total > ceiling);
  return [
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title }, lines, bars, ticks),
    cut ? el('p', { class: 'hint small' }, 'A bar with a gap is cut: it stands for the number inside.') : null,
  ].filter(Boolean);
}

function qualityFigure(quality, labeled) {
  const [flagged, total] = [sum(quality.flagged), sum(quality.counts)];
  return el(
    'figure',
    { id: 'quality' },
    el('h2', {}, 'Label quality'),
    el('p', { class: 'hint' }, 'Number of labels by score, from 0 (certainly wrong) to 1 (good).'),
    fitted((width) => qualityBars(quality, width)),
    el(
      'figcaption',
      { class: 'legend' },
      el('span', { class: 'key bad' }, `Flagged: ${count(flagged)}`),
      el('span', { class: 'key good' }, `Not flagged: ${count(total - flagged)}`),
      labeled > total ? el('span', { class: 'quiet' }, `Not judged: ${count(labeled - total)}`) : null,
    ),
  );
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw) || power;
}

function mixUps(confusions, pick) {
  const highest = confusions[0][2];
  return el(
    'figure',
    { id: 'mixups' },
    el('h2', {}, 'Most common mix-ups'),
    el('p', { class: 'hint' }, 'Flagged samples by given and suggested label.'),
    el(
      'ol',
      { class: 'mixups' },
      confusions.slice(0, 8).map(([given, suggested, flagged]) =>
        el(
          'li',
          {},
          el(
            'button',
            { type: 'button', class: 'mixup', onclick: () => pick({ issue: 'label', given, suggested }) },
            pairOf(given, suggested),
            el('span', { class: 'found' }, count(flagged)),
            svg('svg', { class: 'meter', viewBox: '0 0 100 3', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { width: (100 * flagged) / highest, height: 3 })),
          ),
        ),
      ),
    ),
  );
}

const pairOf = (given, suggested) =>
  el('span', { class: 'names' }, name(given, { class: 'given' }), el('span', { class: 'arrow' }, '\u2192'), name(suggested, { class: 'suggested' }));
