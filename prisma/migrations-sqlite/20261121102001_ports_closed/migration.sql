-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN "portsClosedAt" DATETIME;
