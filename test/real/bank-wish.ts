/** What the processes of a bank under a nemesis are told, in a file. */
export interface BankWish {
  readonly stage: "shadow" | "ramp" | "live";
  readonly share: number;
  readonly seed: number;
  /** Whether writers end. */
  readonly isOver: boolean;
  /** Whether workers end, once nothing is left to be followed. */
  readonly isDrained: boolean;
}

export const bankTenants = 40;
export const accountsOfTenant = 3;
