/** A service of master.cf that a setting of Postfix names: TRANSPORT:NEXTHOP (transport(5)), or another of its programs. */
export interface NamedTransport {
  readonly setting: string;
  readonly transport: string;
}

/** A part of Postfix by whose name the others reach it. */
export function isServiceName(setting: string): boolean {
  return setting.endsWith('_service_name');
}

/**
 * The services that have to be there; what tables say is not looked at.
 * @param settings as postconf(1) lists them, "name = value" or "service/type/name = value", with every $name expanded
 */
export function namedTransports(settings: string): readonly NamedTransport[] {
  return [...settings.matchAll(/^(?:.*\/)?(\w+_transport|\w+_service_name|content_filter) = *([^:\s]+)/gm)].map(
    ([, setting = '', transport = '']) => ({ setting, transport }),
  );
}
