// A document as a page: the same as broker/formats/readable/page.py, in the browser of who has only gpg.
// Promises: every value becomes text (textContent) and nothing else; nothing is fetched, and nothing is sent.
"use strict";
const { text: SAYS, books: BOOKS, titles: TITLES, other: OTHER, header: HEADER, passive: PASSIVE } = WORDS;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, JOINERS = "\u200c\u200d";
const BREAKS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/, SPACES = /[\t\n\v\f\r\x85\u2028\u2029]+/g;
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;
const MONTHS = SAYS.months, NAME_PARTS = ["first", "middle", "last", "suffix"];

// values

class Numeral { constructor(source) { this.source = source; } }
const isMap = one => one !== null && typeof one === "object" && !Array.isArray(one) && !(one instanceof Numeral);
const has = (map, key) => Object.hasOwn(map, key);
const visible = raw => raw.normalize("NFC").replace(HIDDEN, one => JOINERS.includes(one) ? one :
  `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
const line = raw => visible(raw.replace(SPACES, " ")).trim();
const prose = raw => raw.split(BREAKS).map(one => visible(one.replaceAll("\t", " ")).trimEnd()).join("\n")
  .replace(/^\n+|\n+$/g, "");
const spoken = (year, month, day) => `${Number(day)} ${MONTHS[Number(month) - 1]} ${Number(year)}`;
const isDay = (year, month, day) => {
  const made = new Date(0);
  made.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return Number(year) > 0 && made.getUTCMonth() === Number(month) - 1 && made.getUTCDate() === Number(day);
};

function number(numeral) {
  const source = numeral.source;
  if (/^-?\d+$/.test(source)) return source === "-0" ? "0" : source;
  const value = Number(source);
  if (Number.isInteger(value)) return BigInt(value).toString();
  const [, sign, whole, part, power] = /^(-?)(\d+)(?:\.(\d+))?(?:e-(\d+))?$/.exec(String(value));
  return power ? `${sign}0.${"0".repeat(Number(power) - 1)}${whole}${part ?? ""}` : String(value);
}

function free(raw) {
  const found = MOMENT.exec(raw);
  if (!found) return prose(raw);
  if (!isDay(found[1], found[2], found[3])) return line(raw);
  const when = spoken(found[1], found[2], found[3]);
  const zone = found[5] === undefined ? "" : found[5] === "Z" ? " (UTC)" : ` (UTC${found[5]})`;
  return found[4] ? `${when}, ${found[4]}${zone}` : when;
}

function month(raw) {
  const found = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(raw);
  return found ? `${MONTHS[Number(found[2]) - 1]} ${found[1]}` : free(raw);
}

const day = raw => spoken(...raw.split("-"));
const year = value => `${Number(value.source) - 1}–${String(Number(value.source) % 100).padStart(2, "0")}`;
const name = part => NAME_PARTS.map(one => line(part[one] ?? "")).filter(Boolean).join(" ");
function grade(raw) {
  if (/^(0[1-9]|1[0-2]|[1-9])$/.test(raw)) return `Grade ${Number(raw)}`;
  return { PK: "Preschool", KG: "Kindergarten" }[raw] ?? line(raw);
}
const WRITERS = {
  TEXT: line, PROSE: prose, DATE: day, YEAR: year, GRADE: grade, PERCENT: value => `${number(value)}%`, NAME: name,
  TEACHER: line, FILE: line, SPLIT: raw => line(raw.replace(/(?<=[a-z])(?=[A-Z])/g, " ")), FREE: free, MONTH: month,
};

function written(form, value, words) {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value instanceof Numeral && ["TEXT", "SPLIT", "FREE"].includes(form)) return number(value);
  return form === "WORD" ? words[value] : WRITERS[form](value);
}

// whether a value has the form that its words expect

const isName = one => isMap(one) && Object.entries(one).every(([key, inner]) => NAME_PARTS.includes(key) && typeof inner === "string");
const isPlain = one => ["string", "boolean"].includes(typeof one) || (one instanceof Numeral && Number.isFinite(Number(one.source)));
const isNumber = one => one instanceof Numeral && isPlain(one);
const FORMS = {
  NAME: isName, PERCENT: isNumber, TEXT: isPlain, SPLIT: isPlain, FREE: isPlain,
  DATE: one => typeof one === "string" && /^\d{4}-\d{2}-\d{2}$/.test(one) && isDay(...one.split("-")),
  YEAR: one => isNumber(one) && /^[1-9]\d{3}$/.test(one.source),
};

function fits(book, of, value) {
  if (Array.isArray(value)) return value.every(one => isMap(one) && fits(book, of, one));
  const fields = book.fields[of];
  return isMap(value) && Object.entries(value).every(([key, one]) => has(fields, key) && fitsOne(book, fields[key], one));
}

function fitsOne(book, [, , form, of], value) {
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(one => !Array.isArray(one) && fitsOne(book, [0, 0, form, of], one));
  if (of) return fits(book, of, value);
  if (form === "WORD") return typeof value === "string" && has(book.words, value);
  return has(FORMS, form) ? FORMS[form](value) : typeof value === "string";
}
