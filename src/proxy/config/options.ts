import { publisher } from "./publisher-options.ts";
import { ramp, rollout } from "./rollout-options.ts";
import { secret } from "./secret-option.ts";
import {
  address,
  amount,
  either,
  flag,
  list,
  name,
  object,
  oneOf,
  record,
  share,
  text,
  whole,
  type Schema,
} from "./schema.ts";

const service = (says?: string): Schema =>
  either(
    'a URL such as "http://127.0.0.1:8081", or an object with `url`',
    [
      address(),
      object(
        {
          url: address("Where it is; what its path holds goes before that of each request."),
          headers: object(
            {
              set: record("an object of texts by name", secret(), "Set after everything else, by name."),
              remove: list(name(), "Names of headers that are taken away."),
            },
            [],
            'How headers differ; credentials from the environment, `{ "env": "NEW_TOKEN" }`.',
          ),
          path: list(
            {
              title: 'two beginnings of paths, ["/v1/", "/v2/"]',
              type: "array",
              items: text(),
              minItems: 2,
              maxItems: 2,
            },
            "Beginnings of paths and what takes their place; the first one that fits counts.",
          ),
          host: text("Sent as `Host`, in place of what came."),
          tls: object(
            {
              ca: text("A file of certificates that are trusted, in PEM."),
              servername: text("The name that is asked for; that of the URL by default."),
            },
            [],
            "For `https`.",
          ),
        },
        ["url"],
      ),
    ],
    says,
  );

const routes: Schema = list(
  either('a pattern such as "GET /users/{id}", or an object with `match`', [
    text(),
    object(
      {
        match: text("A pattern: `GET /users/{id}`, `/users/:id`, `POST /search/*`."),
        readOnly: flag("Its requests change nothing: they are copied as GET is."),
        unsafe: oneOf(["by-key"], "Each request goes to the side of its key alone."),
      },
      ["match"],
    ),
  ]),
  "Routes that are known, from the most important one on.",
);

/** Every option of `sidelane proxy`, once: files are checked by it, and its JSON is the schema that is published. */
export const proxyOptions: Schema = object(
  {
    $schema: text("Where the schema is, for editors."),
    name: text("Names the comparison, in results, reports and metrics.", "proxy"),
    listen: object(
      {
        host: text("The address that callers come to.", "127.0.0.1"),
        port: whole(0, 65_535, "The port; 0 for any that is free.", 8_080),
        tls: object(
          { cert: text("A file, in PEM."), key: text("A file, in PEM.") },
          ["cert", "key"],
          "Callers come by `https`.",
        ),
        headersTimeoutMs: whole(1, undefined, "A caller's headers have to be there by then, else 408.", 60_000),
        requestTimeoutMs: whole(
          0,
          undefined,
          "A caller's whole request has to be there by then, else 408; 0 for never.",
          300_000,
        ),
        keepAliveTimeoutMs: whole(1, undefined, "How long a connection is kept without a request.", 65_000),
        maxHeaderBytes: whole(1_024, undefined, "How long a caller's headers may be together, else 431.", 16_384),
        maxConnections: whole(
          1,
          undefined,
          "How many connections callers may have; as many as the machine has by default.",
        ),
      },
      [],
      "Where callers come.",
    ),
    control: service("Answers, unless the rollout says otherwise."),
    candidate: service("Compared with control."),
    candidates: record(
      "an object of services by name",
      service(),
      "Several of them, in shadow, in place of `candidate`.",
    ),
    results: text("A file for results, beside `publishers`; `sidelane.ndjson` where there are none."),
    publishers: list(publisher, "Who receives results."),
    rollout,
    ramp,
    store: either(
      "an object with `file` or `url`",
      [
        object({ file: text("A folder, for the processes of one machine.") }, ["file"]),
        object(
          { url: secret("`postgresql://…`, which needs the package `pg`, or `redis://…`, which needs `redis`.") },
          ["url"],
        ),
      ],
      "Keeps the state of `ramp`, and shares it between processes.",
    ),
    key: either(
      "an object with one of `header`, `cookie`, `claim`",
      [
        object({ header: name("A header's name.") }, ["header"]),
        object({ cookie: name("A cookie's name.") }, ["cookie"]),
        object(
          { claim: text("A claim of the token in `authorization`, such as `sub`. It is read, and not verified.") },
          ["claim"],
        ),
      ],
      "What the served share sticks to, and the unit of evidence.",
    ),
    sample: share("Share of requests that are compared, drawn one by one.", 1),
    routes,
    openapi: text("A file: an OpenAPI document in JSON, in place of `routes`."),
    credentialsTo: list(text(), "Origins of candidates that get the caller's `authorization` and `cookie`.", []),
    session: object(
      { cookie: name("Control's cookie that names a caller's session.") },
      ["cookie"],
      "The candidate's own sessions.",
    ),
    streams: object(
      {
        maxMs: whole(1, undefined, "So long from its head on.", 5_000),
        maxBytes: whole(1, undefined, "So much of it.", 262_144),
      },
      [],
      "How far event streams and NDJSON are compared; not at all by default.",
    ),
    noise: flag("Whether control is asked once more after some mismatches.", true),
    secondary: service("A second instance of control, asked in its place for `noise`."),
    silence: either(
      "false, or an object with `windowMs`",
      [
        { title: "false", enum: [false] },
        object({ windowMs: whole(1, undefined, "A window whose counts are looked at.", 60_000) }, []),
      ],
      "Whether it tells that nothing is compared.",
    ),
    cpuShare: share("Share of the event loop's time for comparing; over it only bytes are compared.", 0.05),
    limits: object(
      {
        timeoutMs: whole(1, undefined, "The candidate's time.", 10_000),
        maxInFlight: whole(1, undefined, "Copies at once."),
        requestBytes: whole(0, undefined, "So many bytes of a request's body are kept for both sides.", 65_536),
      },
      [],
      "Bounds of copies.",
    ),
    compare: object(
      {
        ignore: list(text(), "Paths that are not looked at, such as `$.body.**.updatedAt`."),
        unordered: list(
          either("a path, or an object with `path`", [
            text(),
            object({ path: text("Of the arrays."), by: text("A key of their elements.") }, ["path"]),
          ]),
          "Arrays whose order means nothing.",
        ),
        tolerance: either(
          "a number of at least 0, or an object",
          [amount(), record("an object", { title: "a tolerance" })],
          "How far numbers and dates may lie apart.",
        ),
        undefinedIsMissing: flag("A key without a value is as good as none.", false),
        headers: record(
          "an object of header rules by name",
          oneOf(["equal", "present", "set", "cookies", "location", "dropped"]),
          "By name, or by a beginning such as `x-acme-*`.",
        ),
        bodies: record(
          "an object of body rules by media type",
          oneOf(["json", "ndjson", "events", "form", "multipart", "lines", "bytes", "ignored"]),
          "By media type, or by a beginning such as `text/*`.",
        ),
        bodyLimits: object(
          {
            bytes: whole(1, undefined, "So many bytes of a body are kept.", 262_144),
            decodedBytes: whole(1, undefined, "So many bytes it may decode to.", 8_388_608),
            ratio: whole(1, undefined, "So many times its size it may decode to.", 100),
          },
          [],
          "How much of a body is looked at.",
        ),
      },
      [],
      "How answers are compared.",
    ),
    knownMismatches: list(
      object(
        {
          name: text("It is counted under this name."),
          paths: list(text(), "Every difference lies below one of these."),
          signature: either("a text, or a list of texts", [text(), list(text())], "Of this signature."),
          until: text("From this date on it counts again."),
          link: text("Where it is tracked."),
        },
        ["name"],
      ),
      "Differences that are known.",
    ),
    labels: record(
      "an object of texts by name",
      text(),
      "Names that may leave the process; `build` is the candidate's version.",
    ),
    forceKey: secret("Who sends it in `x-sidelane-force` decides about one request; nobody by default."),
    loopKey: secret(
      "What copies are marked with, the same for a fleet; `SIDELANE_LOOP_KEY` or a random one by default.",
    ),
    forwarded: flag(
      "Whether `X-Forwarded-For` gets the caller's address, and `-Proto` and `-Host` what it used here.",
      false,
    ),
    closeMs: whole(0, undefined, "How long requests that run may take at the end.", 10_000),
    admin: object(
      {
        host: text("Its address.", "127.0.0.1"),
        port: whole(0, 65_535, "Its port."),
        token: secret("Who sends it as a bearer token may move the rollout; without one nobody may."),
      },
      ["port"],
      "Health, metrics, status and commands, on a port of their own; off by default.",
    ),
  },
  ["control"],
  "Configuration of `sidelane proxy`.",
);
