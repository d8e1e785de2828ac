/** A lesson of two moments with what a lesson can have, for tests: no session, a widget in the first. */

const moment = (fields) => ({ body: [], do: null, ask: null, check: false, optional: false, session: null, panels: [], widget: null, target: null, ...fields });

export const CONTENT = {
  id: "1-l",
  title: "A lesson",
  level: 1,
  can: ["say what a number is"],
  next: { id: "2-l", title: "Another" },
  moments: [
    moment({
      id: "first",
      title: "Numbers",
      body: [{ tag: "p", children: ["It is ", { number: "half", at: 0, text: "0.5" }, " of ", { term: "stage", children: ["the picture"] }] }],
      do: { text: ["Press it."], done: ["You did."], when: { opened: "half" } },
      target: "stage",
      unlocked: ["all"],
    }),
    moment({
      id: "last",
      title: "Check",
      check: true,
      ask: {
        question: ["Which?"],
        answers: [
          { text: [{ tag: "p", children: ["this ", { tag: "code", children: ["x"] }] }], reply: [{ tag: "p", children: ["No."] }], right: false },
          { text: ["that"], reply: [{ tag: "p", children: ["Yes."] }], right: true },
        ],
      },
      unlocked: ["all"],
    }),
  ],
  numbers: [
    { value: 0.5, text: "0.5", formula: "{a} / 2", inputs: { a: { at: 1 } }, unit: "", source: "", link: "" },
    { value: 1, text: "1", formula: "", inputs: {}, unit: "", source: "step 3", link: "/?session=s" },
  ],
  named: { half: 0, one: 1 },
  targets: { stage: { selector: "#mri-stage", lock: false, keys: [] } },
  sessions: {},
  data: {},
  own_words: {},
  words: {
    lesson: {
      lesson: "Lesson {level}",
      all: "All lessons",
      pages: "Pages",
      page: "{at} of {all}",
      back: "Back",
      next: "Next",
      skip: "Skip",
      finish: "Finish",
      task: "Try it",
      question: "Question",
      right: "Right.",
      wrong: "Not so.",
      there: "There",
      back_to_text: "Back to the text",
      end_title: "{title} is over",
      end_score: "{right} of {questions}",
      end_says: "You can:",
      next_lesson: "On: {title}",
      again: "Again",
      print: "Print",
      check: "check",
      reload: "Reload",
      widget_failed: "It did not come.",
    },
    number: { title: "Where it comes from", label: "{text}, opens", close: "Close", measured: "measured in", made: "made up", show: "show" },
    targets: { stage: ["The picture", "shows a step."] },
    locked: { reason: "locked", named: "{what} is locked" },
  },
};
