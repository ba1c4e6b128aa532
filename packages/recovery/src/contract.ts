// What every place of backups must do. A suite of its adapters runs each check on a place that holds nothing of the checks.
import type { BackupPlace } from './place.ts';

export interface PlaceCheck {
  readonly name: string;
  /** Throws where the place does not hold it. */
  run(place: BackupPlace): Promise<void>;
}

const nameOf = (number: number): string =>
  `tallystick-0123456789ab-ba9876543210-${String(number).padStart(9, '0')}-delta.age`;

/** Every byte value, line ends of all kinds, and no end of line. */
const awkward = Uint8Array.from({ length: 70_001 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);

export const placeChecks: readonly PlaceCheck[] = [
  {
    name: 'gives back the very bytes, and lists the name',
    async run(place) {
      await place.save(nameOf(1), awkward);
      mustBe(await place.load(nameOf(1)), awkward);
      mustHave((await place.list()).includes(nameOf(1)), 'the name is not listed');
    },
  },
  {
    name: 'answers that there is none',
    async run(place) {
      mustBe(await place.load(nameOf(2)), undefined);
      await place.drop(nameOf(2));
    },
  },
  {
    name: 'replaces a file as a whole',
    async run(place) {
      await place.save(nameOf(3), awkward);
      await place.save(nameOf(3), awkward.subarray(0, 5));
      mustBe(await place.load(nameOf(3)), awkward.subarray(0, 5));
      mustHave((await place.list()).filter((name) => name === nameOf(3)).length === 1, 'the name is listed twice');
    },
  },
  {
    name: 'drops one file and no other',
    async run(place) {
      await place.save(nameOf(4), awkward.subarray(0, 9));
      await place.save(nameOf(5), awkward.subarray(0, 8));
      await place.drop(nameOf(4));
      mustBe(await place.load(nameOf(4)), undefined);
      mustBe(await place.load(nameOf(5)), awkward.subarray(0, 8));
      mustHave(!(await place.list()).includes(nameOf(4)), 'the dropped name is listed');
    },
  },
];

function mustBe(got: Uint8Array | undefined, wanted: Uint8Array | undefined): void {
  const isSame =
    got === undefined || wanted === undefined
      ? got === wanted
      : got.length === wanted.length && got.every((byte, index) => byte === wanted[index]);
  mustHave(isSame, `${got?.length ?? 'no'} bytes came back for ${wanted?.length ?? 'none'}`);
}

function mustHave(is: boolean, message: string): void {
  if (!is) throw new Error(message);
}
