import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { selfSigned } from "../../test/support/certificate.js";
import { silentLogger } from "../kernel/logger.js";
import { TlsKeeper, tlsMaterial, type TlsOptions } from "./tls.js";

const [one, other] = [selfSigned(), selfSigned()];

let folder: string;
const files = () => ({ keyFile: join(folder, "key.pem"), certFile: join(folder, "cert.pem") });
const write = ({ cert, key }: typeof one): void => {
  writeFileSync(files().keyFile, key);
  writeFileSync(files().certFile, cert);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-tls-"));
  write(one);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("key and certificate", () => {
  it("are given, or read from files, and TLS begins with 1.2", () => {
    const given = tlsMaterial(one);
    expect(given.context).toMatchObject({ minVersion: "TLSv1.2" });
    expect(given.certificate.subject).toBe("CN=localhost");
    expect(tlsMaterial(files()).certificate).toEqual(given.certificate);
    expect(tlsMaterial({ ...one, minVersion: "TLSv1.3" }).context).toMatchObject({ minVersion: "TLSv1.3" });
  });

  it.each<[string, () => TlsOptions, string]>([
    ["that do not belong together", () => ({ key: one.key, cert: other.cert }), "key values mismatch"],
    ["that are none", () => ({ key: "no key", cert: "no certificate" }), "the options key and cert"],
    ["that are not there", () => ({ ...files(), keyFile: join(folder, "none.pem") }), "none.pem"],
    ["that are empty", () => (writeFileSync(files().certFile, ""), files()), "cert.pem"],
  ])("%s are refused, and it is said which", (_title, options, text) => {
    expect(() => tlsMaterial(options())).toThrow(
      expect.objectContaining({ code: "tls/unusable", message: expect.stringContaining(text) }),
    );
  });
});

describe("a server's certificate", () => {
  const setSecureContext = vi.fn();
  const lines: string[] = [];
  const line = (event: string): void => void lines.push(event);
  const logger = { ...silentLogger, info: line, error: line };
  const keeper = (options: TlsOptions) => new TlsKeeper({ options, server: { setSecureContext }, logger });
  beforeEach(() => {
    setSecureContext.mockReset();
    lines.length = 0;
  });

  it("is read again, or replaced by one that is given", () => {
    const tls = keeper({ ...files(), minVersion: "TLSv1.3" });
    write(other);
    tls.reload(undefined);
    tls.reload(one);
    const certs = setSecureContext.mock.calls.map(([{ cert }]) => String(cert));
    expect(certs).toEqual([other.cert, one.cert]);
    expect(setSecureContext.mock.calls.map(([{ minVersion }]) => minVersion)).toEqual(["TLSv1.3", "TLSv1.3"]);
    expect(lines).toEqual(["server/tls-loaded", "server/tls-loaded"]);
  });

  it("stays where the new one cannot be used", () => {
    const tls = keeper(files());
    writeFileSync(files().keyFile, "no key");
    expect(() => tls.reload(undefined)).toThrow(expect.objectContaining({ code: "tls/unusable" }));
    expect(setSecureContext).not.toHaveBeenCalled();
  });

  it("is read again at a signal, until the server is closed", () => {
    const tls = keeper({ ...files(), reloadOn: "SIGHUP" });
    process.emit("SIGHUP");
    expect(setSecureContext).toHaveBeenCalledOnce();
    rmSync(files().certFile);
    process.emit("SIGHUP");
    expect(lines).toEqual(["server/tls-loaded", "server/tls-not-loaded"]);
    const before = process.listenerCount("SIGHUP");
    tls.close();
    expect(process.listenerCount("SIGHUP")).toBe(before - 1);
    keeper(one).close();
  });
});
