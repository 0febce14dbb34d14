import { describe, expect, it } from "vitest";
import { isPrivateHost } from "../../../src/publishers/webhook/address.ts";

describe("isPrivateHost", () => {
  it.each([
    ...[
      "localhost",
      "LOCALHOST",
      "localhost.",
      "a.localhost",
      "db.internal",
      "printer.local",
      "intranet",
      "router.lan",
    ],
    ...["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255"],
    ...["192.0.0.8", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "255.255.255.255"],
    ...["::1", "[::1]", "::", "fc00::1", "fdff::1", "fe80::1%eth0", "febf::1", "ff02::1", "::ffff:127.0.0.1"],
    ...["[::ffff:7f00:1]", "64:ff9b::10.0.0.1", "2002:7f00:1::", "::127.0.0.1", "not:an:address"],
    // What IANA's registries do not call globally reachable, and IPv4 addresses in other places.
    ...[
      "192.0.2.1",
      "192.88.99.1",
      "198.51.100.7",
      "203.0.113.9",
      "fec0::1",
      "::ffff:0:127.0.0.1",
      "2001:db8::1",
      "100::1",
    ],
    ...["3fff::1", "2001:0:0:0:0:0:80ff:fffe", "2001:10::1", "2001:2::1", "5f00::1", "64:ff9b:1::1", "4000::1"],
    // Set aside for special purposes, though globally reachable.
    ...["192.31.196.1", "192.52.193.255", "192.175.48.1", "2620:4f:8000::1", "::ffff:192.31.196.1", "2002:c0af:3001::"],
    ...["2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:127.0.0.1"],
  ])("%s is private", (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  it.each([
    ...["hooks.slack.com", "localhost.example.com", "internal.example.com", "8.8.8.8", "172.15.255.255", "172.32.0.1"],
    ...["100.63.255.255", "100.128.0.1", "192.169.0.1", "198.20.0.1", "223.255.255.255", "11.0.0.1"],
    ...[
      "2606:4700::1111",
      "[2606:4700::1111]",
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1",
      "2a00::1",
      "2001:200::1",
    ],
    ...["192.31.197.1", "192.175.49.1", "2620:4f:8001::1"],
  ])("%s is public", (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });

  it.each(["http://0x7f.1/", "http://2130706433/", "http://017700000001/", "http://[0:0:0:0:0:ffff:127.0.0.1]/"])(
    "sees through the spelling of %s once URL has read it",
    (url) => {
      expect(isPrivateHost(new URL(url).hostname)).toBe(true);
    },
  );
});
