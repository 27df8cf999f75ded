// Samples that a person selects: their ids to copy, as a file for `labelsift push --ids`, and as a table.

// Pages of servers that show this one within theirs often let it save nothing, and do not say so.
const FRAMED = window.top === window ? '' : ', if this frame may save files: else open the page by itself';
const TABLE = ['id', 'issues', 'score', 'labeled', 'suggested', 'confidence', 'reason'];

function selectionOf(content, matching) {
  const selected = new Set();
  let boxes = []; // of the cards on this page of the list: { box, card, samples }
  let lastBox = null;
  let offered = [];

  const every = (samples) => samples.length > 0 && samples.every((sample) => selected.has(sample));
  const put = (samples, chosen) => samples.forEach((sample) => (chosen ? selected.add(sample) : selected.delete(sample)));
  // In the order of the page, whatever the order in which they were selected.
  const chosen = () => [...selected].sort((a, b) => a.order - b.order);

  const forget = () => (boxes = []);

  // Give a card, which stands for one sample or for a group, a box to select it by.
  function selectable(card, samples) {
    const title = samples.length > 1 ? `Select these ${count(samples.length)} samples` : `Select ${visible(samples[0].node.id)}`;
    const box = el('input', { type: 'checkbox', class: 'select', 'aria-label': title, title: `${title} (x)` });
    const entry = { box, card, samples };
    box.addEventListener('click', (event) => {
      const between = event.shiftKey && lastBox ? [boxes.indexOf(lastBox), boxes.indexOf(entry)].sort((a, b) => a - b) : null;
      const range = between && between[0] >= 0 ? boxes.slice(between[0], between[1] + 1) : [entry];
      for (const { samples } of range) put(samples, box.checked);
      lastBox = entry;
      draw();
    });
    card.querySelector('header').prepend(box);
    boxes.push(entry);
    mark(entry);
    return card;
  }

  function mark({ box, card, samples }) {
    box.checked = every(samples);
    box.indeterminate = !box.checked && samples.some((sample) => selected.has(sample));
    card.classList.toggle('selected', box.checked);
  }

  const all = el('input', { type: 'checkbox', onchange: () => selectAll(all.checked) });
  const allWords = el('span', {});
  byId('select-all').append(all, allWords);
  function offer(matches) {
    offered = matches;
    byId('select-all').hidden = !matches.length;
    allWords.textContent = matches.length === 1 ? 'Select it' : `Select all ${count(matches.length)}`;
    drawAll();
  }
  function drawAll() {
    all.checked = every(offered);
    all.indeterminate = !all.checked && offered.some((sample) => selected.has(sample));
  }
  function selectAll(wanted = !every(matching())) {
    put(matching(), wanted);
    draw();
  }

  function draw() {
    boxes.forEach(mark);
    drawAll();
    byId('selection').hidden = !selected.size;
    byId('selected').textContent = `${count(selected.size)} selected`;
    say(selected.size ? `${count(selected.size)} selected` : 'None selected');
    byId('selection-next').textContent = '';
  }
  const say = (words) => (byId('announced').textContent = words);
  function tell(words) {
    byId('selection-next').textContent = words;
    say(words);
  }

  const lines = () => idLines(chosen().map((sample) => sample.node.id), content);

  async function copy() {
    const { text, rest } = lines();
    tell((await copied(text)) ? `Copied.${rest}` : 'The browser does not let this page copy: take the file instead.');
  }
  function saveIds() {
    const { text, rest } = lines();
    const file = fileName(content, 'ids.txt');
    save(file, text, 'text/plain');
    tell(`Saved as ${file}${FRAMED}.${rest} Next: labelsift push PLATFORM PROJECT --run ${content.run} --ids ${file}`);
  }
  function saveTable() {
    const file = fileName(content, 'selected.csv');
    save(file, tableOf(chosen(), content), 'text/csv');
    tell(`Saved as ${file}${FRAMED}.`);
  }

  const button = (title, onclick) => el('button', { type: 'button', onclick }, title);
  byId('selection-actions').append(
    button('Copy ids', copy),
    button('File of ids', saveIds),
    button('Table (csv)', saveTable),
  );
  byId('select-none').addEventListener('click', () => {
    selected.clear();
    draw();
  });

  function toggle(card) {
    const entry = boxes.find((candidate) => candidate.card === card);
    if (!entry) return;
    put(entry.samples, !every(entry.samples));
    lastBox = entry;
    draw();
  }
  return { selectable, forget, offer, toggle, selectAll };
}

// An id that a line of a file cannot hold is told, and stays out of the file.
function idLines(ids, { idLength }) {
  const fit = ids.filter((id) => id.trim() && !/[\r\n]/.test(id) && id.length < idLength);
  const rest = ids.length - fit.length;
  return { text: fit.map((id) => `${id}\n`).join(''), rest: rest ? ` ${count(rest)} ${rest === 1 ? 'id does' : 'ids do'} not fit in a line and ${rest === 1 ? 'is' : 'are'} left out.` : '' };
}
const fileName = (content, kind) => `${content.name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+/, '').slice(0, 60) || 'samples'}-${kind}`;

// The rows of a table for spreadsheets: what would begin a formula there is kept from it.
function tableOf(samples, { share, texts, metadata }) {
  const cell = (value) => {
    const words = value === null || value === undefined ? '' : String(value);
    return `"${(/^[=+\-@\t\r]/.test(words) && Number.isNaN(Number(words)) ? `'${words}` : words).replaceAll('"', '""')}"`;
  };
  const head = [...TABLE, ...(share ? [] : metadata), ...(share || !texts ? [] : ['text'])];
  const rows = samples.map((sample) => {
    const finding = leadingOf(sample);
    const issues = [...new Set(sample.findings.map(({ issue }) => issue))].join(' ');
    const row = [sample.node.id, issues, finding.score, sample.node.label, finding.suggested, finding.confidence, finding.reason];
    return [...row, ...(share ? [] : sample.meta), ...(share || !texts ? [] : [sample.node.text])];
  });
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

function save(file, text, type) {
  const href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  el('a', { href, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

// The clipboard is closed to pages that came over plain http: there a selected text can be copied all the same.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = el('textarea', { class: 'unseen', 'aria-hidden': 'true' });
    field.value = text;
    document.body.append(field);
    const before = document.activeElement;
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    if (before) before.focus({ preventScroll: true });
    return done;
  }
}

// Single keys, only while no field has the focus and no modifier is held.
function keyboard({ turn, search, selection }) {
  const cards = () => [...document.querySelectorAll('.sample')];
  const current = () => document.activeElement.closest('.sample');
  const move = (by) => {
    const all = cards();
    const next = all[Math.max(0, Math.min(all.length - 1, current() ? all.indexOf(current()) + by : 0))];
    if (next) next.focus();
  };
  const actions = {
    '/': () => search.focus(),
    j: () => move(1),
    k: () => move(-1),
    e: () => {
      const details = current() && current().querySelector('details');
      if (details) details.open = !details.open;
    },
    x: () => selection.toggle(current()),
    a: () => selection.selectAll(),
    '[': () => turn(-1),
    ']': () => turn(1),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input:not([type=checkbox]), select, textarea')) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
