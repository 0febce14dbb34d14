import "reflect-metadata";
import { Controller, Get, Inject, Injectable, Module, Param, type OnApplicationShutdown } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { Laboratory } from "sidelane";
import { experiments, withCandidate } from "sidelane/recipes";

const told: string[] = [];
const lab = new Laboratory({ publishers: [({ experiment, kind }) => void told.push(`${experiment} ${kind}`)] });

interface Stock {
  count(sku: string): Promise<number>;
}

@Injectable()
class OldStock implements Stock {
  readonly #rows = new Map([["tea", 3]]);
  async count(sku: string): Promise<number> {
    return this.#rows.get(sku) ?? 0;
  }
}

@Injectable()
class NewStock implements Stock {
  async count(sku: string): Promise<number> {
    return sku === "tea" ? 4 : 0;
  }
}

const stock = Symbol("stock");

@Controller("products")
class ProductsController {
  readonly stock: Stock;

  constructor(@Inject(stock) inStock: Stock) {
    this.stock = inStock;
  }

  // Below `@Get`, so that the route is the experiment's.
  @Get(":sku")
  @withCandidate(lab, {
    async candidate(this: ProductsController, sku: string) {
      return { sku, left: await this.stock.count(sku), unit: "pc" };
    },
  })
  async show(@Param("sku") sku: string): Promise<{ sku: string; left: number; unit: string }> {
    return { unit: "pc", sku, left: await this.stock.count(sku) };
  }
}

@Injectable()
class CloseLaboratory implements OnApplicationShutdown {
  async onApplicationShutdown(): Promise<void> {
    await lab.close();
  }
}

@Module({
  controllers: [ProductsController],
  providers: [
    OldStock,
    NewStock,
    CloseLaboratory,
    {
      // A whole provider: what injects `stock` gets what stands in for the old one.
      provide: stock,
      useFactory: (control: OldStock, candidate: NewStock) => experiments(lab, { control, candidate }),
      inject: [OldStock, NewStock],
    },
  ],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, "127.0.0.1");
const answer = await fetch(`${await app.getUrl()}/products/tea`);
console.log(answer.status, await answer.json());
await app.close(); // `CloseLaboratory` has everything published
console.log(told.sort().join(", "));
// Prints:
// 200 { unit: 'pc', sku: 'tea', left: 3 }
// OldStock.count mismatch, ProductsController.show match
