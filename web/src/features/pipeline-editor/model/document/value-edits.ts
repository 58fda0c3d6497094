import { isMerge, merges } from "./nodes";
import { type Path, quotedName, Refusal } from "./refusal";
import { nameOf, type Source } from "./source";
import { type Splice, splice } from "./splices";
import { find, insert, missing, move, refuseShared, setValue, spelled, unset } from "./targets";
import { changed, moved, plain, renamed, type Value, without, withValue } from "./values";
import { quoted, writtenKey } from "./writing";

/** A change of a document: what it replaces in the text, and what the document means afterwards. */
export interface Change {
  splices(source: Source): Splice[];
  meaning(value: Value): Value;
}

/** Changes the value at `path`, or puts it there, with the maps that are missing on the way. */
export const setAt = (path: Path, value: unknown): Change => ({
  splices: (source) => setValue(source, path, plain(value)),
  meaning: (whole) => withValue(whole, path, plain(value)),
});

/** Removes the key or the list item at `path`. */
export const unsetAt = (path: Path): Change => ({
  splices: (source) => unset(source, path),
  meaning: (whole) => changed(whole, path.slice(0, -1), (holder) => without(holder, path.at(-1))),
});

/** Puts a value into the list at `path`, before the item at `index`. */
export const insertItem = (path: Path, index: number, value: unknown): Change => ({
  splices: (source) => insert(source, find(source, path), index, index, plain(value)),
  meaning: (whole) =>
    changed(whole, path, (items) => {
      const list = Array.isArray(items) ? items : [];
      return [...list.slice(0, index), plain(value), ...list.slice(index)];
    }),
});

/** Moves the key or the list item at `path`, so that it stands at `index` among its neighbours. */
export const moveEntry = (path: Path, index: number): Change => ({
  splices: (source) => {
    const { holder, node, index: old } = find(source, path);
    if (holder === null) throw new Refusal("whole", "The whole document cannot move.", "Name a key.");
    const around = find(source, path.slice(0, -1));
    if (holder.kind === "mapping" && holder.pairs.some(([key]) => isMerge(key))) {
      const message = `Some keys beside ${spelled(path)} come in with a merge key (<<) and have no place.`;
      throw new Refusal("merged", message, "Move the lines by hand.", node.start);
    }
    if (!(index >= 0 && index < source.entries(holder).length)) {
      if (holder.kind === "sequence") throw missing(around, index);
      throw new Refusal("not_found", `There is no place ${index} beside ${spelled(path)}.`, "Count from 0.");
    }
    return move(source, around, old, index);
  },
  meaning: (whole) => changed(whole, path.slice(0, -1), (holder) => moved(holder, path.at(-1), index)),
});

/** Gives the key at `path` another name; its value and its place stay. */
export const renameKey = (path: Path, name: string): Change => ({
  splices: (source) => {
    const { entry, holder } = find(source, path);
    const key = entry?.key;
    if (!key || holder?.kind !== "mapping") {
      throw new Refusal("no_key", `${spelled(path)} is no key of a map.`, "Name a key.");
    }
    if (source.entries(holder).some((one) => nameOf(one) === name)) {
      const there = spelled([...path.slice(0, -1), name]);
      throw new Refusal("exists", `There is a ${there} already.`, "Choose another name.", key.start);
    }
    refuseShared(source, find(source, path.slice(0, -1)));
    for (const one of [String(path.at(-1)), name]) {
      if (!merges(holder, one)) continue;
      const message = `A merge key (<<) brings ${quotedName(one)} into the map as well.`;
      throw new Refusal("merged", message, "Change the value that is merged.", key.start);
    }
    const text = key.style === "'" || key.style === '"' ? quoted(name, key.style) : writtenKey(name);
    return [splice(source.content(key), source.end(key), text)];
  },
  meaning: (whole) => changed(whole, path.slice(0, -1), (holder) => renamed(holder, path.at(-1), name)),
});
