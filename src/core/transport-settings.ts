/** A setting for one transport, and that of its kind for all of them, which has the same type and range. */
export interface TransportSetting {
  readonly setting: string;
  readonly general: string;
}

/** What qmgr(8) reads for a transport when it first needs it, TRANSPORT_…; without a value it goes by default_…. */
const KINDS = [
  'delivery_slot_cost',
  'delivery_slot_discount',
  'delivery_slot_loan',
  'destination_concurrency_failed_cohort_limit',
  'destination_concurrency_limit',
  'destination_rate_delay',
  'destination_recipient_limit',
  'extra_recipient_limit',
  'minimum_delivery_slots',
  'recipient_limit',
  'recipient_refill_delay',
  'recipient_refill_limit',
  'transport_rate_delay',
];

/** This one has no default_ before it. */
const INITIAL = 'initial_destination_concurrency';

/** @param transports names of services. @returns those of the settings that are about one of them */
export function transportSettings(
  settings: Iterable<string>,
  transports: ReadonlySet<string>,
): readonly TransportSetting[] {
  const generalOf = new Map([...KINDS.map((kind) => [kind, `default_${kind}`] as const), [INITIAL, INITIAL]]);
  return [...settings].flatMap((setting) => {
    const transport = [...transports].find((name) => generalOf.has(suffixOf(setting, name)));
    const general = transport === undefined ? undefined : generalOf.get(suffixOf(setting, transport));
    return general === undefined ? [] : [{ setting, general }];
  });
}

function suffixOf(setting: string, transport: string): string {
  return setting.startsWith(`${transport}_`) ? setting.slice(transport.length + 1) : '';
}
