// What is changed in the scripts of the web UI's pages, so that they say what is so.

"use strict";

const HANDED_OUT = "All trials that were planned have begun. Those that still run go on to their end.";

// A script -> what stands there once, and what it should be.
const CHANGES = {
  // Whatever is refused, the form says "Unknown error."; text in the place of a number, which is no
  // JSON, ends its script, and nothing happens. It shows what a tuner notes beside the options too, which
  // nobody is to change: `_phase`, `_origin`.
  "static/js/616.8c67a119.chunk.js": [
    [".catch((()=>{d(!0)}))},O=", ".catch((e=>{window.refusal=e.response?.data?.error;d(!0)}))},O="],
    ['subText:"Unknown error."', 'subText:window.refusal||"Unknown error."'],
    ["(e[a]=JSON.parse(e[a]))", "(e[a]=(t=>{try{return JSON.parse(t)}catch{return t}})(e[a]))"],
    [
      'Object.keys(h).map((e=>n.createElement(i.K,{horizontal:!0,key:e,className:"hyper-form"}',
      'Object.keys(h).filter((e=>"_"!==e[0])).map((e=>n.createElement(i.K,{horizontal:!0,key:e,className:"hyper-form"}',
    ],
    [
      'subText:"You can submit a customized trial."',
      'subText:"A trial with the values that you give, on top of those that were planned."',
    ],
  ],
  // TUNER_NO_MORE_TRIAL, the state in which nothing is left to begin, looks like a fault.
  "static/js/81.c3f571a1.chunk.js": [
    [
      "status-text focus-text`},s.O.status)",
      `status-text focus-text\`,title:s.O.status.includes("NO_MORE_TRIAL")?"${HANDED_OUT}":""},` +
        's.O.status.includes("NO_MORE_TRIAL")?"ALL TRIALS STARTED":s.O.status)',
    ],
  ],
};

module.exports = { CHANGES };
