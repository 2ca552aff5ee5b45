import assert from "node:assert/strict";
import test from "node:test";

import { parted } from "../../labeling_ui/static/labeling_ui/js/leave_out.js";

const LINES = [[[], 7], [["figure"], 2], [["figure", "maths"], 1], [["maths"], 4]];

test("a line with two doubts is left out once", () => {
  assert.deepEqual(parted(LINES, []), { left: 0, taken: 14 });
  assert.deepEqual(parted(LINES, ["figure"]), { left: 3, taken: 11 });
  assert.deepEqual(parted(LINES, ["figure", "maths"]), { left: 7, taken: 7 });
});
