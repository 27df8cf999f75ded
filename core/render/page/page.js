// Puts the page together.

const content = JSON.parse(byId('content').textContent);
const { overview } = content;
const view = samplesView(content);
keyboard(view);

byId('issues').append(...issueCards(overview, view.pick).filter(Boolean));
if (content.share) byId('share').hidden = false;

if (content.notes.length) {
  byId('notes').hidden = false;
  byId('notes').querySelector('ul').append(...content.notes.map((note) => el('li', { dir: 'auto' }, visible(note))));
}

if (content.people.length) {
  byId('people').hidden = false;
  byId('people').querySelector('ul').append(...content.people.map(personsNote));
}

if (overview.quality) byId('figures').append(qualityFigure(overview.quality, overview.labeled));
if (overview.confusions.length) byId('figures').append(mixUps(overview.confusions, view.pick));

if (content.classes.rows.length) {
  byId('classes').hidden = false;
  byId('class-table').append(...classTable(content.classes, view.pick).filter(Boolean));
  if (content.matrix && content.matrix.cells.length >= FEWEST_CELLS) byId('matrix').append(matrixFigure(content.matrix, view.pick));
} else {
  for (const link of document.querySelectorAll('[data-for="classes"]')) link.hidden = true;
}

const anchors = new Set(content.samples.map((sample) => sample[content.columns.sample.indexOf('anchor')]));
const has = (anchor) => anchors.has(anchor);

if (content.checks.rows.length) {
  byId('checks').hidden = false;
  byId('check-list').append(...checkSections(content.checks, { pick: view.pick, has }));
} else {
  for (const link of document.querySelectorAll('[data-for="checks"]')) link.hidden = true;
}

if (content.recurring.rows.length) {
  byId('recurring').hidden = false;
  byId('recurring-list').append(...recurringList(content.recurring, { pick: view.pick, has }).filter(Boolean));
}

if (content.annotators.length) {
  byId('annotators').hidden = false;
  byId('annotator-table').append(annotatorTable(content.annotators));
}

if (content.values.length) {
  byId('values').hidden = false;
  byId('value-table').append(valueTable(content.values, overview, view));
}

if (view.slices) {
  byId('cells').hidden = false;
  const shown = view.slices.metrics.some(({ views }) => views.length);
  if (view.slices.listed.length) byId('cell-list').append(...listedSlices(view.slices, view.pickSlice));
  if (shown) byId('cell-map').append(...sliceFigure(view.slices, view.pickSlice));
  else byId('cell-map').hidden = true;
} else {
  for (const link of document.querySelectorAll('[data-for="cells"]')) link.hidden = true;
}

if (content.slices.length) {
  byId('slices').hidden = false;
  byId('slice-table').append(sliceTable(content.slices));
}

const unflagged = content.samples.length && view.slices && view.slices.samples.some(({ findings }) => findings.every(({ issue }) => issue === view.slices.wrong));
if (unflagged) byId('samples-title').textContent = 'Flagged samples and wrong predictions';

if (content.leftOut) {
  const many = content.leftOut > 1;
  byId('left-out').hidden = false;
  byId('left-out').textContent =
    `${count(content.leftOut)} more flagged ${many ? 'samples are' : 'sample is'} not on this page, which is kept small enough to mail; ` +
    'the worst of every issue are. All of them stand in the findings table (labelsift scan \u2026 --findings findings.parquet).';
}

if (content.map) sampleMap(content);
else for (const link of document.querySelectorAll('[data-for="map"]')) link.hidden = true;

byId('settings').append(...content.about.map(([title, value]) => el('div', {}, el('dt', {}, visible(title)), el('dd', { dir: 'auto' }, visible(value)))));
byId('about-share').textContent = content.share
  ? 'Texts and metadata were left out when this page was written.'
  : !content.texts
  ? 'The samples have no texts: they are known by their ids.'
  : 'This page holds texts of the samples. For people who may not read them, write it with --share.';
// Show what the address names: a state of the list, a sample, a slice.
function follow() {
  if (!location.hash || location.hash.startsWith(PREFIX)) return view.restore(location.hash);
  let target = '';
  try {
    target = decodeURIComponent(location.hash.slice(1));
  } catch {
    return; // no address of this page's
  }
  if (target.startsWith('sample-')) view.show(target);
  if (target.startsWith('slice-')) view.showSlice(target);
}
addEventListener('hashchange', follow);
follow();
document.documentElement.dataset.ready = 'true';
