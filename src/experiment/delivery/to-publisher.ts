export { toPublisher } from "../../model/to-publisher.ts";
