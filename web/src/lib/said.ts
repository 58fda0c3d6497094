/** What a form says, by the names of its controls. */
export class Said {
  private readonly form: FormData;

  constructor(form: FormData) {
    this.form = form;
  }

  /** Without blanks around it; "" where nothing was said. */
  text(name: string): string {
    return this.exact(name).trim();
  }

  /** As it was typed: secrets and texts of files may begin and end with anything. */
  exact(name: string): string {
    const value = this.form.get(name);
    return typeof value === "string" ? value : "";
  }

  /** undefined where nothing was said. What is no number is left to the server to refuse, as NaN would hide it. */
  number(name: string): number | undefined {
    const text = this.text(name);
    return text === "" ? undefined : Number(text);
  }

  /** Whether a box is ticked. */
  isTicked(name: string): boolean {
    return this.form.has(name);
  }

  /** The ticked ones of boxes that share a name. */
  all(name: string): string[] {
    return this.form.getAll(name).filter((value) => typeof value === "string");
  }

  /** One per line or comma, without empty ones. */
  list(name: string): string[] {
    return this.exact(name)
      .split(/[\n,]/)
      .map((one) => one.trim())
      .filter((one) => one !== "");
  }
}
