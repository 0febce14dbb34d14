import { Laboratory } from "sidelane";

const lab = new Laboratory({ publishers: [({ kind, context }) => console.log(kind, context)] });

class Cart {
  readonly prices: number[] = [];
  readonly discount: number;

  constructor(discount: number) {
    this.discount = discount;
  }

  total(): number {
    return cartTotal.call(this);
  }
}

// Control and candidate are called with the `this` of the call, so one experiment serves every cart.
const cartTotal = lab.experiment("cart-total", {
  control(this: Cart): number {
    return this.prices.reduce((sum, price) => sum + price, 0) * (1 - this.discount);
  },
  candidate(): number {
    return this.prices.reduce((sum, price) => sum + price * (1 - this.discount), 0);
  },
  context() {
    return { items: this.prices.length };
  },
  compare: { tolerance: 1e-9 },
});

const cart = new Cart(0.1);
cart.prices.push(10, 20, 0.3);
console.log(cart.total());
await lab.close();
// Prints:
// 27.27
// match { items: 3 }
