import { experiment } from "sidelane";

function oldShipping(weightKg: number): number {
  return weightKg <= 5 ? 4.9 : 9.9;
}

function newShipping(weightKg: number): number {
  return weightKg < 5 ? 4.9 : 9.9; // wrong for a parcel of exactly 5 kg
}

const shipping = experiment("shipping", { control: oldShipping, candidate: newShipping });

console.log("the caller gets", shipping(5));
// Prints:
// the caller gets 4.9
// mismatch  shipping (candidate)  v2-fep9wffe38h1
//   $  value  4.9 → 9.9
//   control … ms, candidate … ms
