// The list of samples: what is shown (issue, class, metadata, search), in which order, and page by page.

const PER_PAGE = 25;
const ORDERS = [
  ['worst', 'Worst first'],
  ['sure', 'Surest suggestion first'],
  ['label', 'By given label'],
  ['id', 'By id'],
];
const NO_FILTER = { issue: '', search: '', given: '', suggested: '', meta: '', order: 'worst', page: 0 };
const META_VALUES = 60;

const plain = (text) => text.normalize('NFKC').toLowerCase();

function samplesView(content) {
  const samples = decode(content);
  const columns = [...(content.share ? [] : ['split']), ...content.metadata];
  const metaOf = (sample, column) => (column === 'split' && !content.metadata.includes('split') ? sample.split : sample.meta[content.metadata.indexOf(column)]);
  const titles = new Map(content.overview.issues.map(([issue, title]) => [issue, title]));
  const chips = new Map(content.overview.issues.map(([issue, , chip]) => [issue, chip]));
  let state = { ...NO_FILTER, issue: samples.some((sample) => findingOf(sample, 'label')) ? 'label' : '' };

  const haystack = (sample) => {
    sample.haystack ??= plain(
      [sample.node.id, sample.node.text, sample.node.label, suggestionOf(sample), sample.split, sample.predicted, ...sample.meta]
        .filter((one) => one !== null)
        .join('\n'),
    );
    return sample.haystack;
  };

  function matching() {
    const wanted = plain(state.search).split(/\s+/).filter(Boolean);
    const told = state.meta ? JSON.parse(state.meta) : [];
    const terms = Array.isArray(told[0]) ? told : told.length ? [told] : [];
    return samples.filter(
      (sample) =>
        (!state.issue || findingOf(sample, state.issue)) &&
        (!state.given || sample.node.label === state.given) &&
        (!state.suggested || suggestionOf(sample) === state.suggested) &&
        terms.every(([column, value]) => metaOf(sample, column) === value) &&
        (!wanted.length || wanted.every((one) => haystack(sample).includes(one))),
    );
  }

  function ordered(found) {
    const score = (sample) => (state.issue ? (findingOf(sample, state.issue).score ?? 1) : sample.order);
    const sure = (sample) => -(Math.max(...sample.findings.map((one) => one.confidence ?? -1)));
    const key = { worst: score, sure, label: (sample) => sample.node.label ?? '\uffff', id: (sample) => sample.node.id }[state.order];
    return found.map((sample) => [key(sample), sample]).sort((a, b) => compare(a[0], b[0]) || a[1].order - b[1].order).map((one) => one[1]);
  }

  // Where an issue comes in groups, a group is shown once, in the place of its first member.
  function entries(found) {
    const seen = new Set();
    return found.filter((sample) => {
      const group = state.issue ? findingOf(sample, state.issue).group : -1;
      return group < 0 || (!seen.has(group) && seen.add(group));
    });
  }

  function membersOf(first, finding) {
    const others = samples.filter((sample) => sample.findings.some((one) => one.issue === finding.issue && one.group === finding.group));
    return [...new Set([first.node, ...others.map((one) => one.node), ...finding.related])];
  }

  const context = () => ({ titles, chips, meta: content.metadata, share: content.share, texts: content.texts, issue: state.issue });
  function card(sample) {
    const finding = state.issue ? findingOf(sample, state.issue) : null;
    return finding && finding.group >= 0 ? groupCard(finding, membersOf(sample, finding), context()) : sampleCard(sample, context());
  }

  const tally = (values) => {
    const counts = new Map();
    for (const value of values) if (value !== null && value !== undefined) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((a, b) => compare(a[0], b[0]));
  };
  const option = (value, text) => el('option', { value }, text);
  const options = (values) => tally(values).map(([value, found]) => option(value, `${visible(value)} (${count(found)})`));
  const choice = (key, title, children) =>
    el('label', {}, el('span', {}, title), el('select', { name: key, onchange: (event) => set({ [key]: event.target.value }) }, children));

  const search = el('input', { type: 'search', name: 'search', placeholder: content.share ? 'Id or label' : content.texts ? 'Text, id, label or metadata' : 'Id, label or metadata', autocomplete: 'off', spellcheck: 'false' });
  let waiting;
  search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => set({ search: search.value }), 120);
  });

  function buildTools() {
    const groups = columns
      .map((column) => [column, tally(samples.map((sample) => metaOf(sample, column)))])
      .filter(([, values]) => values.length > 1 && values.length <= META_VALUES)
      .map(([column, values]) => el('optgroup', { label: visible(column) }, values.map(([value, found]) => option(JSON.stringify([column, value]), `${visible(value)} (${count(found)})`))));
    const given = options(samples.map((sample) => sample.node.label));
    const suggested = options(samples.map(suggestionOf));
    byId('tools').append(
      el('label', { class: 'search' }, el('span', {}, 'Search'), search),
      ...[
        given.length ? choice('given', 'Labeled', [option('', 'Any class'), ...given]) : null,
        suggested.length ? choice('suggested', 'Suggested', [option('', 'Any class'), ...suggested]) : null,
        groups.length ? choice('meta', 'Metadata', [option('', 'Any value'), ...groups]) : null,
        choice('order', 'Order', ORDERS.map(([value, title]) => option(value, title))),
      ].filter(Boolean),
      el('button', { type: 'button', class: 'clear', onclick: () => set({ ...NO_FILTER }) }, 'Clear'),
    );
    byId('tools').addEventListener('submit', (event) => event.preventDefault());
  }

  function drawTabs() {
    const all = [['', 'All', samples.length], ...content.overview.issues.map(([issue, title]) => [issue, title, samples.filter((sample) => findingOf(sample, issue)).length])];
    byId('tabs').replaceChildren(
      ...all.filter((one) => one[2]).map(([issue, title, found]) =>
        el('button', { type: 'button', class: 'tab', 'aria-pressed': String(state.issue === issue), onclick: () => set({ issue }) }, `${title} `, el('span', { class: 'quiet' }, count(found))),
      ),
    );
  }

  function drawPages(holder, pages) {
    const step = (by, title, symbol) =>
      el('button', { type: 'button', disabled: state.page + by < 0 || state.page + by >= pages, 'aria-label': title, onclick: () => turn(by) }, symbol);
    holder.hidden = pages < 2;
    holder.replaceChildren(step(-1, 'Previous page', '\u2190'), el('span', {}, `Page ${count(state.page + 1)} of ${count(pages)}`), step(1, 'Next page', '\u2192'));
  }

  let pageCount = 1;
  function draw() {
    const found = matching();
    const shown = entries(ordered(found));
    pageCount = Math.max(1, Math.ceil(shown.length / PER_PAGE));
    state.page = Math.min(state.page, pageCount - 1);
    const from = state.page * PER_PAGE;
    const part = shown.slice(from, from + PER_PAGE);
    byId('list').replaceChildren(...part.map(card));
    const samplesFound = `${count(found.length)} ${found.length === 1 ? 'sample' : 'samples'}`;
    const grouped = shown.length < found.length ? ` in ${count(shown.length)} ${shown.length === 1 ? 'group' : 'groups'}` : '';
    byId('status').textContent = found.length ? `${samplesFound}${grouped}` : samples.length ? 'No flagged sample matches.' : 'No sample is flagged.';
    drawTabs();
    for (const holder of ['pages-top', 'pages-bottom']) drawPages(byId(holder), pageCount);
  }

  function set(change) {
    state = { ...state, page: 0, ...change };
    const form = byId('tools');
    for (const key of ['given', 'suggested', 'meta', 'order']) {
      const field = form.elements[key];
      if (!field) continue;
      const value = state[key];
      if (![...field.options].some((one) => one.value === value)) field.append(option(value, visible(value)));
      field.value = value;
    }
    if (search.value !== state.search) search.value = state.search;
    draw();
  }

  function turn(by) {
    const page = state.page + by;
    if (page < 0 || page >= pageCount) return;
    set({ page });
    byId('tabs').scrollIntoView({ block: 'start' });
  }

  function pick(change) {
    set({ ...NO_FILTER, ...change });
    byId('samples').scrollIntoView({ block: 'start' });
    byId('samples').focus({ preventScroll: true });
  }

  // Show one sample, wherever it stands: on another page, behind a filter, its text cut, its neighbours closed.
  function show(anchor) {
    const sample = samples.find((one) => one.anchor === anchor);
    if (!sample) {
      byId('status').textContent = 'The sample of this link is not on this page: it is not flagged, or was left out.';
      byId('samples').scrollIntoView({ block: 'start' });
      return;
    }
    if (!byId(anchor)) {
      set({ ...NO_FILTER });
      set({ page: Math.floor(entries(ordered(matching())).indexOf(sample) / PER_PAGE) });
    }
    const card = byId(anchor);
    for (const one of document.querySelectorAll('.sample.meant')) one.classList.remove('meant');
    card.classList.add('meant');
    for (const one of card.querySelectorAll('details')) one.open = true;
    const more = card.querySelector('.textblock button[aria-expanded="false"]');
    if (more) more.click();
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  // Show the samples of a slice: by its slug, or at its row in a table.
  function showSlice(anchor) {
    const row = byId(anchor);
    const terms = anchor.slice('slice-'.length).split('__').map((term) => [term.slice(0, term.indexOf(':')), term.slice(term.indexOf(':') + 1)]);
    if (terms.every(([column]) => columns.includes(column))) set({ ...NO_FILTER, meta: JSON.stringify(terms.length > 1 ? terms : terms[0]) });
    (row || byId('samples')).scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  buildTools();
  draw();
  return { pick, turn, show, showSlice, search, columns };
}

// Single keys, only while no field has the focus and no modifier is held.
function keyboard({ turn, search }) {
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
    '[': () => turn(-1),
    ']': () => turn(1),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
