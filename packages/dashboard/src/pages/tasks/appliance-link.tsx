import { Link } from "@tanstack/react-router";
import { Said } from "../../ui/said.tsx";

export function ApplianceLink({ id, name }: { id: string; name: string }) {
  return (
    <Link to="/appliances/$nodeId" params={{ nodeId: id }}>
      <Said>{name}</Said>
    </Link>
  );
}
