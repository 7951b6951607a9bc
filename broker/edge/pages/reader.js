// The parts of a document, and its page, as broker/formats/readable has them; reader_values.js has the values.
// parts in the words of a book

class Writer {
  constructor(teachers, places, used, book) {
    this.teachers = new Map(teachers.filter(one => one.id).map(one => [one.id, name(one.name)]));
    Object.assign(this, { places, used, book });
  }

  part(key, value) {
    const [, , of, columns] = this.book.parts[key];
    const isList = Array.isArray(value);
    if (isList ? !value.length : !Object.keys(value).length) return [{ text: SAYS.nothing }];
    if (!isList) return [{ facts: this.facts(of, value) }];
    return columns.length ? this.tables(this.book.parts[key], value) : this.entries(of, value);
  }

  entries(of, rows) {
    const first = Object.keys(this.book.fields[of])[0];
    return rows.map((row, place) => {
      const title = this.value(this.book.fields[of][first], row[first] ?? null);
      return { facts: this.facts(of, row), title: `${place + 1}. ${title}`.trimEnd() };
    });
  }

  tables(part, rows) {
    const [heading, , of, , by] = part;
    if (!has(this.book.fields[of], by)) return [this.table(part, heading, rows)];
    const parted = new Map();
    for (const row of rows) {
      const own = has(row, by) && row[by] !== null ? row[by].source ?? row[by] : "";
      parted.set(own, [...(parted.get(own) ?? []), row]);
    }
    if (by !== "school_year") return [...parted].map(([own, found]) => this.table(part, `${heading}, ${line(own)}`, found));
    const years = [...parted].sort(([one], [other]) => Number(other) - Number(one));
    return years.map(([own, found]) =>
      this.table(part, `${heading}, school year ${own ? year(new Numeral(own)) : SAYS.not_given}`, found));
  }

  table([, , of, columns, by], caption, rows) {
    const fields = this.book.fields[of];
    const present = Object.keys(fields).filter(one => one !== by && rows.some(row => has(row, one)));
    const few = present.length <= SAYS.most_columns;
    const main = few ? [...new Set([columns[0], ...present])] : columns.filter(one => present.includes(one) || one === columns[0]);
    const rest = present.filter(one => !main.includes(one));
    for (const one of [...main, ...rest]) this.used.add(fields[one]);
    const cells = rows.map(row => {
      const own = main.map(one => this.value(fields[one], row[one] ?? null));
      const more = rest.map(one => [fields[one][0], this.value(fields[one], row[one] ?? null)]).filter(([, told]) => told);
      const last = more.map(([label, told]) => `${label}: ${told}`.replaceAll("\n", ", ")).join("; ");
      return [own[0] || SAYS.not_given, ...own.slice(1), ...(rest.length ? [last] : [])];
    });
    return { caption, columns: [...main.map(one => fields[one][0]), ...(rest.length ? [SAYS.more] : [])], rows: cells };
  }

  facts(of, value) {
    return Object.entries(this.book.fields[of]).filter(([field]) => has(value, field)).map(([field, term]) => {
      this.used.add(term);
      return [term[0], this.value(term, value[field]) || SAYS.not_given];
    });
  }

  value(term, value) {
    const [, , form, of] = term;
    if (Array.isArray(value)) return value.map(one => this.value(term, one)).filter(Boolean).join("\n");
    if (of && value !== null) return this.facts(of, value).filter(([, told]) => told !== SAYS.not_given).map(fact => fact.join(": ")).join("; ");
    const shown = written(form, value, this.book.words);
    if (form === "FILE" && shown) return `${line(value)} (${(this.places.get(value) ?? []).join(", ") || SAYS.no_file})`;
    if (form === "TEACHER" && this.teachers.has(value)) return `${this.teachers.get(value)} (${shown})`;
    return shown;
  }
}

// any value, in general words

const isRows = one => Array.isArray(one) && one.length > 0 && one.every(row => isMap(row) && Object.keys(row).length) && !one.some(isName);

class Teller {
  constructor(used) { this.used = used; }

  label(key) {
    if (!has(OTHER, key)) {
      const [first = "", ...rest] = line(key.replaceAll("_", " "));
      return first.toUpperCase() + rest.join("").toLowerCase() || SAYS.not_given;
    }
    this.used.add(OTHER[key]);
    return OTHER[key][0];
  }

  blocks(key, value) {
    if (isRows(value)) return [this.table(this.label(key), value)];
    if (!isMap(value) || isName(value)) return [{ facts: [[this.label(key), this.told(value)]] }];
    const facts = Object.entries(value).filter(([, inner]) => !isRows(inner)).map(([one, inner]) => [this.label(one), this.told(inner)]);
    const tables = Object.entries(value).filter(([, inner]) => isRows(inner)).map(([one, inner]) => this.table(this.label(one), inner));
    return [...(facts.length || !Object.keys(value).length ? [{ facts }] : []), ...tables];
  }

  told(value) {
    if (Array.isArray(value)) return value.map(one => this.told(one)).join("\n") || SAYS.none;
    if (isName(value)) return name(value) || SAYS.not_given;
    if (isMap(value)) return Object.entries(value).map(([key, one]) => `${this.label(key)}: ${this.inner(one)}`).join("; ") || SAYS.none;
    return (typeof value === "string" ? free(value) : written("FREE", value)) || SAYS.not_given;
  }

  inner(value) {
    const told = this.told(value).replaceAll("\n", ", ");
    return isMap(value) && !isName(value) ? `(${told})` : told;
  }

  table(caption, rows) {
    const keys = [...new Set(rows.flatMap(Object.keys))], most = SAYS.most_told;
    const main = keys.length <= most ? keys : keys.slice(0, most - 1), rest = keys.slice(main.length);
    const filled = (row, key) => has(row, key) && row[key] !== null;
    const columns = [...main.map(one => this.label(one)), ...(rest.length ? [SAYS.more] : [])];
    return { caption, columns, rows: rows.map(row => {
      const cells = main.map(key => filled(row, key) ? this.told(row[key]) : "");
      const more = rest.filter(key => filled(row, key)).map(key => `${this.label(key)}: ${this.inner(row[key])}`).join("; ");
      const [first, ...others] = rest.length ? [...cells, more] : cells;
      return [first || SAYS.not_given, ...others];
    }) };
  }
}

// the page

function transcriptParts(found) {
  const body = found.transcript;
  const isShaped = isMap(body) && isMap(found.request) && Array.isArray(body.academic_records) && body.academic_records.every(record =>
    isMap(record) && listOf(record.courses) && listOf(record.sessions) &&
    (record.sessions ?? []).every(one => typeof one.month === "string" && listOf(one.courses)));
  if (found.packet !== "transcript.v1" || !isShaped) return null;
  const without = (one, ...keys) => Object.fromEntries(Object.entries(one).filter(([key]) => !keys.includes(key)));
  const own = Object.entries(body).filter(([key]) => SAYS.transcript_own.includes(key));
  const parts = { ...Object.fromEntries(own), request: found.request, about: without(body, ...SAYS.transcript_own) };
  Object.assign(parts, { courses: [], sessions: [], academic_records: [] });
  body.academic_records.forEach((record, place) => {
    const count = new Numeral(String(place + 1)), several = body.academic_records.length > 1;
    parts.academic_records.push({ ...(several ? { number: count } : {}), ...without(record, "sessions", "courses") });
    for (const session of record.sessions ?? []) {
      const told = [month(session.month), line(session.suffix ?? ""), line(session.name ?? "")].filter(Boolean).join(", ");
      const label = `session ${parts.sessions.length + 1}: ${told}`;
      parts.sessions.push({ session: label, ...(several ? { record: count } : {}), ...without(session, "courses") });
      for (const course of session.courses ?? []) parts.courses.push({ ...course, session: label });
    }
    const loose = several ? `${SAYS.no_session} (record ${place + 1})` : SAYS.no_session;
    for (const course of record.courses ?? []) parts.courses.push({ ...course, session: loose });
  });
  return parts;
}

const listOf = one => one === undefined || (Array.isArray(one) && one.every(isMap));
const kindOf = found => typeof found.packet === "string" && found.packet.includes(".v") ? found.packet.slice(0, found.packet.lastIndexOf(".v")) : "";

function page(found, stem) {
  const kind = kindOf(found), used = new Set(), record = found.record;
  const isStudent = isMap(found.student) && Object.keys(found.student).length > 0 && fits(BOOKS.record, "student", found.student);
  let left = Object.entries(found).filter(([key]) => !has(HEADER, key) && !SAYS.says.includes(key) && !(key === "student" && isStudent));
  let book = BOOKS.record, parts = [], files = [];
  const lifted = transcriptParts(found);
  if (SAYS.records.includes(kind) && isMap(record)) {
    const keeps = isKept(record);
    files = keeps ? filesOf(record.attachments, `${stem}-files`) : [];
    parts = Object.keys(book.parts).filter(key => has(record, key) && key !== "attachments").map(key => [key, record[key]]);
    left = left.filter(([key]) => key !== "record");
    left.push(...Object.entries(record).filter(([key]) => !has(book.parts, key) || (key === "attachments" && !keeps)));
  } else if (lifted) {
    book = BOOKS.transcript;
    left = left.filter(([key]) => !SAYS.carried.includes(key));
    parts = Object.keys(book.parts).filter(key => isFilled(lifted[key])).map(key => [key, lifted[key]]);
  }
  const teachers = parts.find(([key]) => key === "teachers")?.[1];
  const writer = new Writer(teachers && fits(BOOKS.record, "teacher", teachers) ? [teachers].flat() : [], placesOf(files), used, book);
  const teller = new Teller(used), sections = [];
  const says = SAYS.says.filter(key => typeof found[key] === "string" && found[key]).map(key => ({ text: free(found[key]) }));
  if (says.length) sections.push([SAYS.means, "", says]);
  if (isStudent) sections.push([SAYS.who, "", [{ facts: writer.facts("student", found.student) }]]);
  for (const [key, value] of parts) {
    const [heading, about, of] = book.parts[key];
    sections.push([heading, about, fits(book, of, value) ? writer.part(key, value) : teller.blocks(key, value)]);
  }
  if (files.length) sections.push(filesSection(files));
  for (const [key, value] of left) sections.push([teller.label(key), "", teller.blocks(key, value)]);
  sections.push([SAYS.about, "", aboutBlocks(found, writer, teller)]);
  const words = wordsOf(used);
  if (words.length) sections.push([SAYS.words, "", [{ caption: SAYS.words, columns: SAYS.word_columns, rows: words }]]);
  const title = titleOf(found, kind);
  return { title, running: line(`${title}, from ${textOf(found.from)}`), lead: [writtenBy(found), SAYS.lead].filter(Boolean), sections };
}

const isFilled = one => Array.isArray(one) ? one.length > 0 : isMap(one) ? Object.keys(one).length > 0 : Boolean(one);
const textOf = value => typeof value === "string" ? line(value) : "";

function aboutBlocks(found, writer, teller) {
  const header = Object.fromEntries(Object.keys(HEADER).filter(key => has(found, key)).map(key => [key, found[key]]));
  const says = Object.fromEntries(SAYS.says.filter(key => has(found, key) && typeof found[key] !== "string").map(key => [key, found[key]]));
  if (!fits(BOOKS.record, "header", header)) return teller.blocks("about", { ...header, ...says });
  return [{ facts: writer.facts("header", header) }, ...(Object.keys(says).length ? teller.blocks("about", says) : [])];
}

function wordsOf(used) {
  const rows = new Map([...used].filter(term => term[1]).map(([label, meaning]) => [`${label}\n${meaning}`, [label, meaning]]));
  const key = ([label, meaning]) => [label.toLowerCase(), label, meaning];
  const before = (one, other) => { for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1; return 0; };
  return [...rows.values()].sort((one, other) => before(key(one), key(other)));
}

function titleOf(found, kind) {
  const what = has(TITLES, kind) ? TITLES[kind] : SAYS.document, child = isMap(found.student) ? found.student.legal_name : null;
  return isName(child) && name(child) ? `${what}: ${name(child)}` : what;
}

function writtenBy(found) {
  const sender = textOf(found.from), when = typeof found.created === "string" ? free(found.created) : "";
  return sender ? `Written by ${sender}${when ? ` on ${when}.` : "."}` : "";
}

// files within a record

const isKept = record => Array.isArray(record.attachments) && fits(BOOKS.record, "attachment", record.attachments) &&
  record.attachments.every(one => ["name", "media_type", "content"].every(key => typeof one[key] === "string"));
const isWhole = text => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

function safeName(raw) {
  const at = raw.lastIndexOf("."), ending = raw.slice(at + 1).toLowerCase();
  const plain = (raw.slice(0, Math.max(at, 0)) || raw.slice(at + 1)).normalize("NFKD").replace(/[^\x00-\x7f]/g, "");
  const stem = plain.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60).replace(/^-+|-+$/g, "") || "file";
  return PASSIVE.includes(ending) ? `${stem}.${ending}` : `${stem}.bin`;
}

function filesOf(attachments, folder) {
  const paths = new Map();
  return attachments.map(one => {
    const key = JSON.stringify([one.name, one.content]), whole = isWhole(one.content);
    if (whole && !paths.has(key)) paths.set(key, `${folder}/${String(paths.size + 1).padStart(2, "0")}-${safeName(one.name)}`);
    return { ...one, path: whole ? paths.get(key) : "" };
  });
}

function placesOf(files) {
  const found = new Map();
  for (const one of files) {
    const places = found.get(one.name) ?? [];
    if (one.path && !places.includes(one.path)) places.push(one.path);
    found.set(one.name, places);
  }
  return found;
}

const sizeOf = content => content.length / 4 * 3 - (content.endsWith("==") ? 2 : content.endsWith("=") ? 1 : 0);
function size(count) {
  for (const [unit, much] of [["MB", 1e6], ["kB", 1e3]]) if (count >= much) return `${(count / much).toFixed(1)} ${unit}`;
  return `${count} bytes`;
}

function filesSection(files) {
  const [heading, about] = BOOKS.record.parts.attachments;
  const rows = files.map(one => [one.path, line(one.name), line(one.media_type), one.path ? size(sizeOf(one.content)) : SAYS.damaged]);
  return [heading, about, [{ caption: heading, columns: SAYS.file_columns, rows, files }, { text: SAYS.may_run }]];
}
