import { secret } from "./secret-option.ts";
import { either, flag, list, object, oneOf, record, text, whole, type Schema } from "./schema.ts";

const values = {
  values: oneOf(["shown", "hidden"], "Whether values, error messages and the context leave the process.", "hidden"),
};

/** Who receives results. */
export const publisher: Schema = either('an object with `type`: "ndjson", "webhook" or "prometheus"', [
  object(
    {
      type: oneOf(["ndjson"], "Lines of JSON in a file, for `sidelane report`."),
      path: text("The file.", "sidelane.ndjson"),
      perMinute: whole(1, undefined, "How many results of each kind are written in a minute.", 100),
      rotate: object(
        {
          bytes: whole(1_000, undefined, "A file of this size is set aside."),
          files: whole(1, undefined, "So many are kept."),
        },
        ["bytes"],
        "When a file is set aside for a new one.",
      ),
      ...values,
    },
    ["type"],
  ),
  object(
    {
      type: oneOf(["webhook"], "Alerts, such as Slack's."),
      url: secret("Where alerts go."),
      format: oneOf(["slack", "json"], "What is sent.", "slack"),
      alertOn: oneOf(["new-signature", "every-mismatch"], "What is an alert.", "new-signature"),
      allowHosts: list(text(), "The hosts that `url` may name.", ["hooks.slack.com"]),
      allowPrivate: flag("Permits private addresses.", false),
      allowHttp: flag("Permits `http:`.", false),
      headers: record("an object of texts by name", secret(), "Sent with every alert."),
      perMinute: whole(1, 60, "How many requests start in a minute.", 6),
      ...values,
    },
    ["type", "url"],
  ),
  object(
    {
      type: oneOf(["prometheus"], "Metrics, at `/metrics` of `admin`."),
      prefix: text("What every metric's name starts with.", "sidelane"),
    },
    ["type"],
  ),
]);
