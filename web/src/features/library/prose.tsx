/** Sentences in which `words` stand as code. */
export function Prose({ text, className }: { text: string; className?: string | undefined }) {
  const pieces = text.split("`");
  return (
    <p className={className}>
      {pieces.map((piece, at) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never move
        at % 2 === 1 && at < pieces.length - 1 ? <code key={at}>{piece}</code> : piece,
      )}
    </p>
  );
}
