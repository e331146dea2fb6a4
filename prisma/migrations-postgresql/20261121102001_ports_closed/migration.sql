-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "portsClosedAt" TIMESTAMP(3);
