import Big from "big.js";
import { Binary, Long, ObjectId } from "bson";
import dayjs from "dayjs";
import { Decimal } from "decimal.js";
import { FormData as FormDataNode } from "formdata-node";
import * as immutable from "immutable";
import { DateTime, Duration } from "luxon";
import { observable } from "mobx";
import moment from "moment";
import * as undici from "undici";
import type { Line } from "./equality-table.ts";

/** What is looked at of an object of a package's. */
export interface Reading {
  readonly name: string;
  readonly make: () => { toJSON?: () => unknown };
  readonly looked: string;
}

const toJson = "what `toJSON()` returns, and own keys";

export const readings: readonly Reading[] = [
  { name: "big.js `Big`", make: () => new Big("1.10"), looked: toJson },
  { name: "decimal.js `Decimal`", make: () => new Decimal("1.10"), looked: toJson },
  {
    name: "luxon `DateTime`",
    make: () => DateTime.fromMillis(0, { zone: "utc" }),
    looked: `${toJson}, but those that hold what was worked out before, the zone and the locale`,
  },
  { name: "luxon `Duration`", make: () => Duration.fromMillis(1_000), looked: toJson },
  { name: "dayjs", make: () => dayjs(0), looked: `${toJson}: also the zone and the locale` },
  {
    name: "moment",
    make: () => moment.utc(0),
    looked: `${toJson}: also the offset; but not the text and the format that it was made of`,
  },
  { name: "bson `ObjectId`", make: () => new ObjectId("0".repeat(24)), looked: toJson },
  { name: "bson `Long`", make: () => Long.fromNumber(1), looked: "own keys" },
  { name: "bson `Binary`", make: () => new Binary(Buffer.of(1), 128), looked: `${toJson}: also the subtype` },
  { name: "Immutable `Map`", make: () => immutable.Map({ a: 1 }), looked: "its entries, without order" },
  { name: "Immutable `Set`", make: () => immutable.Set([1]), looked: "its elements, without order" },
  { name: "Immutable `OrderedMap`", make: () => immutable.OrderedMap({ a: 1 }), looked: "its entries and their order" },
  { name: "Immutable `List`", make: () => immutable.List([1]), looked: "its elements" },
  { name: "Immutable `Record`", make: () => immutable.Record({ a: 1 })(), looked: "its fields" },
  { name: "MobX `observable.map`", make: () => observable.map({ a: 1 }), looked: "its entries, without order" },
  { name: "MobX `observable.set`", make: () => observable.set([1]), looked: "its elements, without order" },
  { name: "MobX `observable`", make: () => observable({ a: 1 }), looked: "own keys" },
  {
    name: "undici `Headers`",
    make: () => new undici.Headers({ a: "1" }) as object,
    looked: "names and values, without order",
  },
  {
    name: "undici `FormData`",
    make: () => form(new undici.FormData(), "1") as object,
    looked: "names and values, in order",
  },
  {
    name: "formdata-node `FormData`",
    make: () => form(new FormDataNode(), "1") as object,
    looked: "names and values, in order",
  },
];

interface Appendable {
  append(name: string, value: string): void;
}

function form<Form extends Appendable>(made: Form, value: string): Form {
  made.append("a", value);
  return made;
}

const hashed = (map: immutable.Map<string, number>): unknown => (map.hashCode(), map);
const many = Array.from({ length: 40 }, (_, index): [string, number] => [`key${index}`, index]);
const Row = immutable.Record({ a: 1 });

/** Pairs of what packages make, and what `compare` says about them. */
export const packageLines: readonly Line[] = [
  ["Immutable Maps in another order", "equal", () => [immutable.Map({ a: 1, b: 2 }), immutable.Map({ b: 2, a: 1 })]],
  ["large Immutable Maps in another order", "equal", () => [immutable.Map(many), immutable.Map(many.toReversed())]],
  ["Immutable Maps, different", "different", () => [immutable.Map({ a: 1 }), immutable.Map({ a: 2 })]],
  [
    "an Immutable Map whose hash was asked for",
    "equal",
    () => [hashed(immutable.Map({ a: 1 })), immutable.Map({ a: 1 })],
  ],
  [
    "Immutable Maps with other object keys",
    "different",
    () => [immutable.Map([[{ id: 1 }, 1]]), immutable.Map([[{ id: 2 }, 1]])],
  ],
  ["an Immutable Map and a Map", "different", () => [immutable.Map({ a: 1 }), new Map([["a", 1]])]],
  ["Immutable Sets in another order", "equal", () => [immutable.Set([1, 2]), immutable.Set([2, 1])]],
  ["Immutable Sets, different", "different", () => [immutable.Set([1, 2]), immutable.Set([1, 3])]],
  ["Immutable Lists made in two ways", "equal", () => [immutable.List([1, 2]), immutable.List([1]).push(2)]],
  ["Immutable Lists in another order", "different", () => [immutable.List([1, 2]), immutable.List([2, 1])]],
  [
    "Immutable OrderedMaps in another order",
    "different",
    () => [immutable.OrderedMap({ a: 1, b: 2 }), immutable.OrderedMap({ b: 2, a: 1 })],
  ],
  [
    "Immutable OrderedSets in another order",
    "different",
    () => [immutable.OrderedSet([1, 2]), immutable.OrderedSet([2, 1])],
  ],
  ["Immutable Records", "equal", () => [Row({ a: 2 }), Row().set("a", 2)]],
  ["Immutable Records, different", "different", () => [Row({ a: 2 }), Row({ a: 3 })]],
  ["MobX objects", "equal", () => [observable({ a: [1] }), observable({ a: [1] })]],
  ["a MobX object and its data", "equal", () => [observable({ a: 1 }), { a: 1 }]],
  ["MobX arrays, different", "different", () => [observable([1, 2]), observable([1, 3])]],
  ["MobX maps in another order", "equal", () => [observable.map({ a: 1, b: 2 }), observable.map({ b: 2, a: 1 })]],
  ["MobX maps, different", "different", () => [observable.map({ a: 1 }), observable.map({ a: 2 })]],
  ["MobX sets in another order", "equal", () => [observable.set([1, 2]), observable.set([2, 1])]],
  ["MobX sets, different", "different", () => [observable.set([1, 2]), observable.set([1, 3])]],
  ["moment, made of a time and of a text", "equal", () => [moment.utc(0), moment.utc("1970-01-01", "YYYY-MM-DD")]],
  ["moment, different", "different", () => [moment.utc(0), moment.utc(1)]],
  ["moment in another zone", "different", () => [moment.utc(0), moment.utc(0).utcOffset(60)]],
  ["undici Headers in another case", "equal", () => [new undici.Headers({ A: "1" }), new undici.Headers({ a: "1" })]],
  ["undici Headers, different", "different", () => [new undici.Headers({ a: "1" }), new undici.Headers({ a: "2" })]],
  ["undici FormData", "equal", () => [form(new undici.FormData(), "1"), form(new undici.FormData(), "1")]],
  [
    "undici FormData, different",
    "different",
    () => [form(new undici.FormData(), "1"), form(new undici.FormData(), "2")],
  ],
  ["undici Responses", "cannot tell", () => [new undici.Response("a"), new undici.Response("a")]],
  ["formdata-node FormData", "equal", () => [form(new FormDataNode(), "1"), form(new FormDataNode(), "1")]],
  [
    "formdata-node FormData, different",
    "different",
    () => [form(new FormDataNode(), "1"), form(new FormDataNode(), "2")],
  ],
];
