import type { ActionArguments, ExplanationPart } from './protocol';

const KEPT = 20;

export interface Explained {
  readonly id: string; // of the answer that came last
  readonly uri: string;
  readonly title: string;
  readonly text: string; // Markdown: the explanation, then each question with its answer
  readonly progress: string;
  readonly done: boolean;
  readonly stopped: boolean;
  readonly error: string;
  readonly next: ActionArguments | undefined; // for a question about it
}

/** The last explanations, and which one is shown. */
export class Explanations {
  private all: readonly Explained[] = [];
  private at = 0;

  get shown(): Explained | undefined {
    return this.all[this.at];
  }

  /** The number of the one that is shown, from 1, and how many there are. */
  get place(): [number, number] {
    return [this.at + 1, this.all.length];
  }

  go(by: number): void {
    this.at = Math.max(0, Math.min(this.at + by, this.all.length - 1));
  }

  /** Adds what has arrived; true if it begins an answer, which is then the one shown. */
  append(part: ExplanationPart): boolean {
    const known = this.all.findIndex(({ id }) => id === part.id);
    const earlier = this.all[known];
    if (earlier) {
      this.all = replaced(this.all, known, joined(earlier, part));
      return false;
    }
    const { shown } = this;
    const asked = part.question?.replace(/\s+/g, ' ');
    if (asked && shown && shown.uri === part.uri) {
      const { next } = shown; // a question that fails can be asked again
      const text = `${shown.text}\n\n---\n\n> ${asked}\n\n`;
      this.all = replaced(this.all, this.at, joined({ ...empty(part), next, text }, part));
    } else {
      this.all = [...this.all, joined(empty(part), part)].slice(-KEPT);
      this.at = this.all.length - 1;
    }
    return true;
  }

  /** Ends those that are not complete, as the server has ended. */
  end(error: string): void {
    this.all = this.all.map((its) =>
      its.done ? its : { ...its, progress: '', done: true, error },
    );
  }

  /** Ids of those that are not complete yet. */
  unfinished(): string[] {
    return this.all.filter(({ done }) => !done).map(({ id }) => id);
  }
}

function replaced<T>(all: readonly T[], at: number, item: T): T[] {
  return all.map((its, index) => (index === at ? item : its));
}

function empty({ id, uri, title }: ExplanationPart): Explained {
  const state = { progress: '', done: false, stopped: false, error: '', next: undefined };
  return { id, uri, title, text: '', ...state };
}

function joined(earlier: Explained, part: ExplanationPart): Explained {
  return {
    ...earlier,
    text: earlier.text + part.text,
    progress: part.done || part.text ? '' : (part.progress ?? ''),
    done: part.done ?? false,
    stopped: part.stopped ?? false,
    error: part.error ?? '',
    next: part.next ?? earlier.next,
  };
}
